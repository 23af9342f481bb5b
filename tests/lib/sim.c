#include <string.h>

#include "sim-private.h"

/* Not 0, and not the wall clock: neither may be taken for the other. */
#define START_US (1000 * SECOND)

gint64 sim_wall_ms(const Sim *sim)
{
    return SIM_WALL_START_MS + sim_ms(sim, sim->now_us);
}

gint64 sim_ms(const Sim *sim, gint64 us)
{
    return (us - sim->start_us) / MILLISECOND;
}

/* --- what was seen --- */

void seen_free(gpointer memory)
{
    Seen *seen = memory;

    g_clear_pointer(&seen->calls, g_ptr_array_unref);
    g_strfreev(seen->words);
    g_free(seen->who);
    g_free(seen);
}

static void note_trace(Sim *sim, const char *line)
{
    g_string_append_printf(sim->trace, "    %s\n", line);
}

static Seen *see_one(Sim *sim, SeenKind kind, const char *who, GStrv words)
{
    Seen *seen = g_new0(Seen, 1);
    g_autofree char *line = NULL;

    *seen = (Seen){.kind = kind, .at_us = sim->now_us, .who = g_strdup(who), .words = words};
    g_queue_push_tail(&sim->seen, seen);
    line = show_line(sim, seen);
    note_trace(sim, line);
    return seen;
}

void see(Sim *sim, SeenKind kind, const char *who, GStrv words)
{
    see_one(sim, kind, who, words);
}

void sim_fail(Sim *sim, const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_printerr("\n%s\n%s\n", sim->trace->str, text);
    g_assertion_message("sim", __FILE__, __LINE__, G_STRFUNC, text);
    abort();
}

void assert_all_expected(Sim *sim)
{
    for (GList *link = sim->seen.head; link; link = link->next) {
        const Seen *seen = link->data;

        if (seen->kind == SEEN_MESSAGE || seen->is_refusal) {
            g_autofree char *line = show_line(sim, seen);

            sim_fail(sim, "expected: nothing\nseen:     %s", line);
        }
    }
    g_queue_clear_full(&sim->seen, seen_free);
}

static void append_words(GString *text, const GStrv words)
{
    g_autofree char *line = g_strjoinv(" ", words);

    g_string_append_printf(text, "  %s\n", line);
}

char *sim_take(Sim *sim, const char *who)
{
    GString *text = g_string_new(NULL);

    for (GList *link = sim->seen.head; link; link = link->next) {
        const Seen *seen = link->data;

        if (strcmp(seen->who, who) != 0)
            continue;
        g_string_append_printf(text, "[%6" G_GINT64_FORMAT "]", sim_ms(sim, seen->at_us));
        append_words(text, seen->words);
        for (guint i = 0; seen->calls && i < seen->calls->len; i++)
            append_words(text, g_ptr_array_index(seen->calls, i));
    }
    g_queue_clear_full(&sim->seen, seen_free);
    return g_string_free(text, FALSE);
}

/* --- the world --- */

static void address_free(gpointer memory)
{
    Address *address = memory;

    g_free(address->name);
    g_free(address->user_id);
    g_free(address->device_id);
    g_free(address);
}

Sim *sim_new(const HubSettings *settings)
{
    Sim *sim = g_new0(Sim, 1);

    if (settings)
        sim->settings = *settings;
    else
        hub_settings_init(&sim->settings);
    sim->start_us = sim->now_us = START_US;
    sim->connections = g_ptr_array_new_with_free_func(address_free);
    sim->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    sim->trace = g_string_new(NULL);
    g_queue_init(&sim->seen);
    effects_init(&sim->effects);
    sim->checker = checker_new();
    return sim;
}

void sim_free(Sim *sim)
{
    if (!sim)
        return;
    assert_all_expected(sim);
    effects_clear(&sim->effects);
    hub_free(sim->hub);
    record_unref(sim->stored);
    checker_free(sim->checker);
    g_hash_table_unref(sim->by_name);
    g_ptr_array_unref(sim->connections);
    g_string_free(sim->trace, TRUE);
    g_free(sim);
}

void sim_store(Sim *sim, Record *record)
{
    record_unref(sim->stored);
    sim->stored = record_ref(record);
}

Hub *sim_hub(Sim *sim)
{
    if (!sim->hub)
        sim->hub = hub_new(&sim->settings);
    return sim->hub;
}

HubStats sim_stats(Sim *sim)
{
    HubStats stats;

    hub_stats(sim_hub(sim), &stats);
    return stats;
}

Address *sim_connection(Sim *sim, const char *name)
{
    Address *address = g_hash_table_lookup(sim->by_name, name);

    if (!address) {
        address = g_new0(Address, 1);
        address->name = g_strdup(name);
        g_ptr_array_add(sim->connections, address);
        g_hash_table_insert(sim->by_name, address->name, address);
    }
    return address;
}

void forget_connection(Sim *sim, Address *address)
{
    address->is_gone = TRUE;
    if (g_hash_table_lookup(sim->by_name, address->name) == address)
        g_hash_table_remove(sim->by_name, address->name);
}

/* --- steps --- */

static void see_effect(Sim *sim, const Effect *effect)
{
    const Message *message = &effect->message;
    g_autofree char *device = NULL;

    switch (effect->kind) {
    case EFFECT_SEND:
        see(sim, SEEN_MESSAGE, effect->to->name, show_message(message));
        return;
    case EFFECT_MISSED:
        device = g_strcmp0(message->to_device, "main") == 0
                     ? g_strdup(message->to_user)
                     : g_strdup_printf("%s/%s", message->to_user, message->to_device);
        see(sim, SEEN_MISSED, device, show_message(message));
        return;
    case EFFECT_RECORD:
        see(sim, SEEN_RECORD, "store", show_record(effect->record, effect->change));
        return;
    case EFFECT_PUSH:
        see(sim, SEEN_RECORD, "backend", show_push(effect));
        return;
    case EFFECT_MEDIA:
        see(sim, SEEN_RECORD, "media", show_order(&effect->order));
        return;
    }
}

static void see_reply(Sim *sim, const char *who)
{
    GPtrArray *calls = NULL;
    GStrv words = show_reply(&sim->effects.reply, &sim->settings, &calls);
    Seen *seen = see_one(sim, SEEN_REPLY, who, words);

    seen->calls = calls;
    seen->is_refusal = sim->effects.reply.refusal != REFUSAL_NONE;
}

static void see_all(Sim *sim, const char *who)
{
    for (guint i = 0; i < sim->effects.count; i++)
        see_effect(sim, effects_at(&sim->effects, i));
    if (sim->effects.has_reply)
        see_reply(sim, who);
}

/* Counts only those that are needed, so that traces can name them. */
static char *next_fresh_id(Sim *sim, const Event *event)
{
    sim->fresh_ids += (event->kind == EVENT_REGISTER && !event->reg.device_id) ||
                      (event->kind == EVENT_INITIATE && !event->initiate.call_id);
    return g_strdup_printf("F%u", sim->fresh_ids);
}

/* T1a and T1b, room 1001 and pin P1 for the first request to accept. */
typedef struct {
    char tokens[SIDES][16];
    char room[16];
    char pin[16];
} Secrets;

static void add_secrets(Sim *sim, Event *event, Secrets *secrets)
{
    if (event->kind != EVENT_ACCEPT)
        return;
    sim->accepts++;
    g_snprintf(secrets->tokens[SIDE_CALLER], sizeof secrets->tokens[0], "T%ua", sim->accepts);
    g_snprintf(secrets->tokens[SIDE_CALLEE], sizeof secrets->tokens[0], "T%ub", sim->accepts);
    g_snprintf(secrets->room, sizeof secrets->room, "%u", 1000 + sim->accepts);
    g_snprintf(secrets->pin, sizeof secrets->pin, "P%u", sim->accepts);
    event->secrets =
        (MediaSecrets){.tokens = {secrets->tokens[SIDE_CALLER], secrets->tokens[SIDE_CALLEE]},
                       .room = secrets->room,
                       .pin = secrets->pin};
}

const Effects *sim_step(Sim *sim, Event *event, const char *who, const char *what)
{
    g_autofree char *was_user = event->from ? g_strdup(event->from->user_id) : NULL;
    g_autofree char *was_device = event->from ? g_strdup(event->from->device_id) : NULL;
    g_autofree char *fresh = NULL;
    g_autofree char *line = NULL;
    Secrets secrets;

    add_secrets(sim, event, &secrets);
    event->now_us = sim->now_us;
    event->wall_ms = sim_wall_ms(sim);
    if (!event->fresh_id)
        event->fresh_id = fresh = next_fresh_id(sim, event);
    line = g_strdup_printf("[%6" G_GINT64_FORMAT "] %s > %s", sim_ms(sim, sim->now_us), who, what);
    note_trace(sim, line);
    effects_reset(&sim->effects);
    hub_step_begin(sim_hub(sim), event, &sim->effects);
    see_all(sim, who);
    hub_step_end(sim_hub(sim));
    check_step(sim, event, was_user, was_device);
    if (fresh)
        event->fresh_id = NULL;
    return &sim->effects;
}

/* Fires what is due before `target_us`, then goes there. */
static void fire_timers(Sim *sim, gint64 target_us)
{
    guint steps = 0;

    while (hub_deadline(sim_hub(sim)) < target_us) {
        sim->now_us = MAX(sim->now_us, hub_deadline(sim->hub));
        sim_step(sim, &(Event){.kind = EVENT_TIMEOUT}, "timer", "fires");
        if (++steps > 100000)
            sim_fail(sim, "the hub wants one timeout after another");
    }
}

void advance_to(Sim *sim, gint64 target_us, gboolean with_those_due)
{
    fire_timers(sim, with_those_due ? target_us + 1 : target_us);
    sim->now_us = target_us;
}

void sim_advance(Sim *sim, gint64 us)
{
    advance_to(sim, sim->now_us + us, TRUE);
}

/* --- tests --- */

static void run_scenario(gconstpointer data)
{
    const Scenario *scenario = data;
    Sim *sim = sim_new(NULL);

    sim_play(sim, "%s", scenario->trace);
    sim_free(sim);
}

void sim_add_scenarios(const Scenario *scenarios, guint count)
{
    for (guint i = 0; i < count; i++)
        g_test_add_data_func(scenarios[i].path, &scenarios[i], run_scenario);
}

static void run_test(gconstpointer data)
{
    void (*test)(Sim * sim) = NULL;
    Sim *sim = sim_new(NULL);

    *(gconstpointer *)&test = data;
    test(sim);
    sim_free(sim);
}

void sim_add_test(const char *path, void (*test)(Sim *sim))
{
    g_test_add_data_func(path, *(gconstpointer *)&test, run_test);
}
