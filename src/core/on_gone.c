#include "core/hub-private.h"

/* A device went away, never more than that: calls live on for its grace. The end of an address that
 * a later registration replaced changes nothing. */
void on_gone(Hub *hub, const Event *event, Effects *effects)
{
    Device *device = g_hash_table_lookup(hub->by_address, event->from);
    Seat *seat = g_hash_table_lookup(hub->by_seat, event->from);

    if (device)
        hub_lose_device(hub, device, effects);
    if (seat)
        seat_leave(hub, seat, effects);
    g_hash_table_remove(hub->spent, event->from);
}
