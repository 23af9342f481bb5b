#include "core/trace.h"

#include <string.h>

static const char *const names[TRACE_KINDS] = {
    [TRACE_RUNG] = "rung",
    [TRACE_ALERTED] = "ringing",
    [TRACE_DROPPED] = "dropped",
    [TRACE_ANSWERED] = "answered",
    [TRACE_AWAY] = "away",
    [TRACE_BACK] = "back",
    [TRACE_PUSHED] = "push",
    [TRACE_PUSH_ANSWERED] = "pushAnswered",
    [TRACE_PUSH_STOPPED] = "pushStop",
    [TRACE_MORE] = "more",
};

const char *trace_name(TraceKind what)
{
    g_assert(what < TRACE_KINDS);
    return names[what];
}

Trace *trace_add(Trace *before, gint64 at_ms, TraceKind what, GRefString *who, guint how)
{
    guint count = before ? before->count + 1 : 1;
    Trace *trace = before;

    if (count <= TRACE_MOST) {
        trace = g_atomic_rc_box_new(Trace);
        *trace =
            (Trace){.before = before, .at_ms = at_ms, .what = what, .how = how, .count = count};
    }
    if (count < TRACE_MOST)
        trace->who = g_steal_pointer(&who);
    else if (count == TRACE_MOST)
        trace->what = TRACE_MORE;
    g_clear_pointer(&who, g_ref_string_release);
    return trace;
}

Trace *trace_ref(Trace *trace)
{
    return trace ? g_atomic_rc_box_acquire(trace) : NULL;
}

static void clear_entry(gpointer memory)
{
    Trace *trace = memory;

    g_clear_pointer(&trace->who, g_ref_string_release);
    g_clear_pointer(&trace->before, trace_unref);
}

void trace_unref(Trace *trace)
{
    if (trace)
        g_atomic_rc_box_release_full(trace, clear_entry);
}

GPtrArray *trace_entries(const Trace *trace)
{
    GPtrArray *entries = g_ptr_array_new();

    g_ptr_array_set_size(entries, trace ? (gint)trace->count : 0);
    for (; trace; trace = trace->before)
        g_ptr_array_index(entries, trace->count - 1) = (gpointer)trace;
    return entries;
}

const Trace *trace_last(const Trace *trace, TraceKind what)
{
    while (trace && trace->what != what)
        trace = trace->before;
    return trace;
}

char *trace_to_text(const Trace *trace)
{
    g_autoptr(GPtrArray) entries = trace_entries(trace);
    GString *text;

    if (!trace)
        return NULL;
    text = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++) {
        const Trace *entry = g_ptr_array_index(entries, i);

        g_string_append_printf(text, "%" G_GINT64_FORMAT " %s %u %s\n", entry->at_ms,
                               names[entry->what], entry->how,
                               entry->who ? (const char *)entry->who : "");
    }
    return g_string_free(text, FALSE);
}

/* --- reading --- */

static gboolean parse_kind(const char *name, TraceKind *what)
{
    for (guint i = 0; i < TRACE_KINDS; i++) {
        if (strcmp(names[i], name) == 0) {
            *what = (TraceKind)i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean parse_line(const char *line, Trace **trace)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 4);
    gint64 at_ms;
    guint64 how;
    TraceKind what;

    if (g_strv_length(words) != 4 ||
        !g_ascii_string_to_signed(words[0], 10, 0, G_MAXINT64, &at_ms, NULL) ||
        !parse_kind(words[1], &what) ||
        !g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXUINT, &how, NULL))
        return FALSE;
    *trace =
        trace_add(*trace, at_ms, what, *words[3] ? g_ref_string_new(words[3]) : NULL, (guint)how);
    return TRUE;
}

gboolean trace_parse(const char *text, Trace **trace)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", TRACE_MOST + 1);
    g_autoptr(Trace) parsed = NULL;

    for (guint i = 0; lines[i] && *lines[i]; i++) {
        if (!parse_line(lines[i], &parsed))
            return FALSE;
    }
    trace_unref(*trace);
    *trace = g_steal_pointer(&parsed);
    return TRUE;
}
