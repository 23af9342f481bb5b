#include "door.h"

#include <jansson.h>

#include "wire/write.h"

/* A record is created ringing, whatever it is by now. */
static const char *fact_name(Change change, const Record *record)
{
    return event_type(change == CHANGE_CREATED ? CALL_RINGING : record->status);
}

static void tell_event_handlers(gpointer self G_GNUC_UNUSED, Change change, const Record *record)
{
    json_t *event;

    if (!door.config->general.events || !door.gateway->events_is_enabled())
        return;
    event = json_pack("{s:s, s:o}", "event", fact_name(change, record), "record",
                      write_backend_record(record));
    /* Janus takes the event over. No handle: one that is dying would have it dropped. */
    door.gateway->notify_event(create(), NULL, event);
}

static void note_missed(gpointer self G_GNUC_UNUSED, const Message *message)
{
    log_missed(message);
}

const Notifier janus_notifier = {.changed = tell_event_handlers, .missed = note_missed};
