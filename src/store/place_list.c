#include "store/place_list.h"

#include <string.h>

/* Most lists of a callId have one place only. */
#define ROOM_AT_FIRST 1

void place_list_clear(PlaceList *list)
{
    g_free(list->all);
    *list = (PlaceList){0};
}

const Place *place_list_at(const PlaceList *list, guint i)
{
    g_assert(i < list->count);
    return &list->all[list->first + i];
}

guint place_list_older(const PlaceList *list, const Place *place)
{
    guint low = 0, high = list->count;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (place_is_newer(place, place_list_at(list, middle)))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* At the end: by moving all to the front once half of it is free, otherwise by growing. */
static void make_room(PlaceList *list)
{
    if (list->first + list->count < list->room)
        return;
    if (list->first > 0 && list->first >= list->room / 2) {
        memmove(list->all, list->all + list->first, list->count * sizeof(Place));
        list->first = 0;
        return;
    }
    list->room = list->room ? 2 * list->room : ROOM_AT_FIRST;
    list->all = g_renew(Place, list->all, list->room);
}

void place_list_add(PlaceList *list, Place place)
{
    guint at = list->count;
    Place *here;

    make_room(list);
    if (at > 0 && !place_is_newer(&place, place_list_at(list, at - 1)))
        at = place_list_older(list, &place);
    here = list->all + list->first + at;
    memmove(here + 1, here, (list->count - at) * sizeof(Place));
    *here = place;
    list->count++;
}

void place_list_remove(PlaceList *list, const Place *place)
{
    guint at = place_list_older(list, place);
    Place *here = list->all + list->first + at;

    g_assert(at < list->count && here->at == place->at && here->id == place->id);
    list->count--;
    if (at == 0)
        list->first++;
    else
        memmove(here, here + 1, (list->count - at) * sizeof(Place));
}
