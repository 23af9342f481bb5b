#include "core/deadline.h"

void deadlines_init(Deadlines *deadlines)
{
    deadlines->heap = g_ptr_array_new();
}

void deadlines_clear(Deadlines *deadlines)
{
    g_clear_pointer(&deadlines->heap, g_ptr_array_unref);
}

static Deadline *at(const Deadlines *deadlines, guint i)
{
    return g_ptr_array_index(deadlines->heap, i);
}

/* What is due at the same time comes by its kind: a call closes before its device's token is over. */
static gboolean is_before(const Deadline *a, const Deadline *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->kind < b->kind;
}

static void put(Deadlines *deadlines, Deadline *deadline, guint i)
{
    g_ptr_array_index(deadlines->heap, i) = deadline;
    deadline->place = i + 1;
}

static void sift_up(Deadlines *deadlines, Deadline *deadline, guint i)
{
    while (i > 0 && is_before(deadline, at(deadlines, (i - 1) / 2))) {
        put(deadlines, at(deadlines, (i - 1) / 2), i);
        i = (i - 1) / 2;
    }
    put(deadlines, deadline, i);
}

static void sift_down(Deadlines *deadlines, Deadline *deadline, guint i)
{
    guint count = deadlines->heap->len;

    for (guint child = 2 * i + 1; child < count; child = 2 * i + 1) {
        if (child + 1 < count && is_before(at(deadlines, child + 1), at(deadlines, child)))
            child++;
        if (!is_before(at(deadlines, child), deadline))
            break;
        put(deadlines, at(deadlines, child), i);
        i = child;
    }
    put(deadlines, deadline, i);
}

static void settle(Deadlines *deadlines, Deadline *deadline, guint i)
{
    if (i > 0 && is_before(deadline, at(deadlines, (i - 1) / 2)))
        sift_up(deadlines, deadline, i);
    else
        sift_down(deadlines, deadline, i);
}

static void take_out(Deadlines *deadlines, Deadline *deadline)
{
    guint i = deadline->place - 1;
    guint last = deadlines->heap->len - 1;
    Deadline *moved = at(deadlines, last);

    deadline->place = 0;
    g_ptr_array_set_size(deadlines->heap, (gint)last);
    if (moved != deadline)
        settle(deadlines, moved, i);
}

void deadlines_set(Deadlines *deadlines, Deadline *deadline, gint64 at_us)
{
    deadline->at_us = at_us;
    if (at_us == DEADLINE_NEVER) {
        if (deadline->place)
            take_out(deadlines, deadline);
        return;
    }
    if (!deadline->place) {
        g_ptr_array_add(deadlines->heap, deadline);
        sift_up(deadlines, deadline, deadlines->heap->len - 1);
        return;
    }
    settle(deadlines, deadline, deadline->place - 1);
}

Deadline *deadlines_first(const Deadlines *deadlines)
{
    return deadlines->heap->len ? at(deadlines, 0) : NULL;
}
