/* A store that forgets nothing, made of what the checker has seen: it brings to an event what memory may have forgotten, as
 * the service does. */
#pragma once

#include "model.h"

/* Fills in `stored` or `reg.ended`; end with archive_clear(). */
void archive_bring(const Model *model, Event *event);
void archive_clear(Event *event);
