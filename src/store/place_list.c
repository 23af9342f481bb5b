#include "store/place_list.h"

#include <string.h>

/* Most lists of a callId have one place only. */
#define ROOM_AT_FIRST 1
/* Of one millisecond there are this many, or so. */
#define STEPS_BACK 32

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

/* Where it belongs: nearly always among the last, so that is where to look first. */
static guint find_room(const PlaceList *list, const Place *place)
{
    for (guint i = 0; i < STEPS_BACK; i++) {
        if (i == list->count || place_is_newer(place, place_list_at(list, list->count - i - 1)))
            return list->count - i;
    }
    return place_list_older(list, place);
}

void place_list_add(PlaceList *list, Place place)
{
    guint at = find_room(list, &place);
    Place *here;

    make_room(list);
    here = list->all + list->first + at;
    memmove(here + 1, here, (list->count - at) * sizeof(Place));
    *here = place;
    list->count++;
}

static gboolean is_same(const Place *one, const Place *other)
{
    return one->at == other->at && one->id == other->id;
}

void place_list_remove(PlaceList *list, const Place *place)
{
    guint at = is_same(place, &list->all[list->first]) ? 0 : place_list_older(list, place);
    Place *here = list->all + list->first + at;

    g_assert(at < list->count && is_same(here, place));
    list->count--;
    if (at == 0)
        list->first++;
    else
        memmove(here, here + 1, (list->count - at) * sizeof(Place));
}
