#include "media/route.h"

#define BEST 2

Wants wants_all(void)
{
    return (Wants){.audio = TRUE, .video = TRUE, .data = TRUE, .substream = BEST, .temporal = BEST};
}

gboolean wants_kind(const Wants *wants, LineKind kind)
{
    switch (kind) {
    case LINE_AUDIO:
        return wants->audio;
    case LINE_VIDEO:
        return wants->video;
    case LINE_DATA:
        return wants->data;
    case LINE_OTHER:
        return FALSE;
    }
    g_assert_not_reached();
}

Route *route_new(gpointer to, GDestroyNotify let_go, const Wants *wants)
{
    Route *route = g_new(Route, 1);

    *route = (Route){.to = to, .let_go = let_go, .wants = *wants};
    g_atomic_ref_count_init(&route->refs);
    return route;
}

Route *route_ref(Route *route)
{
    g_atomic_ref_count_inc(&route->refs);
    return route;
}

void route_unref(Route *route)
{
    if (!route || !g_atomic_ref_count_dec(&route->refs))
        return;
    route->let_go(route->to);
    g_free(route);
}
