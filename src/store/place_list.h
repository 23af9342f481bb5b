/* Places in order, oldest first, in one piece of memory: nearly all come as the newest and go as the oldest, and both cost the
 * same however many there are. One in the middle moves those that are newer. */
#pragma once

#include "store/page.h"

typedef struct {
    Place *all;  /* NULL while there has been none */
    guint first; /* of those that are there, in `all` */
    guint count;
    guint room; /* of `all` */
} PlaceList;

/* Zeros are an empty one. */
void place_list_clear(PlaceList *list);

void place_list_add(PlaceList *list, Place place);
/* Takes out the one with this `at` and `id`, which must be there. */
void place_list_remove(PlaceList *list, const Place *place);

/* How many are older than this one: it would come after them. */
guint place_list_older(const PlaceList *list, const Place *place);
/* `i` counts from the oldest, 0. Borrowed until the list changes. */
const Place *place_list_at(const PlaceList *list, guint i);
