#include "core/roster.h"

void roster_init(Roster *roster)
{
    roster->places = g_ptr_array_new();
    roster->free = g_array_new(FALSE, FALSE, sizeof(guint));
}

void roster_clear(Roster *roster)
{
    g_clear_pointer(&roster->places, g_ptr_array_unref);
    g_clear_pointer(&roster->free, g_array_unref);
}

guint roster_add(Roster *roster, gpointer member)
{
    guint place;

    if (roster->free->len == 0) {
        g_ptr_array_add(roster->places, member);
        return roster->places->len - 1;
    }
    place = g_array_index(roster->free, guint, roster->free->len - 1);
    g_array_set_size(roster->free, roster->free->len - 1);
    g_ptr_array_index(roster->places, place) = member;
    return place;
}

void roster_remove(Roster *roster, guint place)
{
    g_assert(g_ptr_array_index(roster->places, place));
    g_ptr_array_index(roster->places, place) = NULL;
    g_array_append_val(roster->free, place);
}

gboolean roster_is_at_end(const Roster *roster, guint place)
{
    return place >= roster->places->len;
}

gpointer roster_next(const Roster *roster, guint *place, guint *looks)
{
    for (; *looks && !roster_is_at_end(roster, *place); (*looks)--) {
        gpointer member = g_ptr_array_index(roster->places, (*place)++);

        if (member) {
            (*looks)--;
            return member;
        }
    }
    return NULL;
}
