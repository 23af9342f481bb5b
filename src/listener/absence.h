/* Who was there, and until when: what a device of a Socket.IO app has been told can only be known
 * from that. Such an app knows no snapshots. Kept for as long as ended calls are told, for the
 * devices that went most lately. Pure. */
#pragma once

#include <glib.h>

/* For so long after the end of a call its parties are told. */
#define ABSENCE_KEPT_MS G_GINT64_CONSTANT(600000)
/* So many of the last things that a connection was told are remembered. */
#define ABSENCE_TOLD 4

/* How the device was when it was there last. */
typedef struct {
    char *device_id;
    gint64 since_ms;          /* Unix time: what ended later it may not have been told */
    gint64 until_ms;          /* Unix time at which it was found to be gone */
    char *told[ABSENCE_TOLD]; /* callIds: it has been told nevertheless that these are over */
} Absence;

Absence *absence_new(const char *device_id, gint64 since_ms, gint64 until_ms);
/* The oldest goes when there is no room. */
void absence_told(Absence *absence, const char *call_id);
gboolean absence_has_told(const Absence *absence, const char *call_id);
void absence_free(Absence *absence); /* NULL is fine */

typedef struct Absences Absences;

/* At most `most` devices. */
Absences *absences_new(guint most);
void absences_free(Absences *absences);
/* The device went. `is_nameless`: the hub gave its id, so it may come back with another; of such
 * devices a user has one entry. Takes over the absence, which replaces an earlier one. */
void absences_put(Absences *absences, const char *user_id, gboolean is_nameless, Absence *absence);
/* It is here again. Owned by the caller; NULL when nothing is known. For a nameless device it is
 * what is known of the user's nameless device that went last. */
Absence *absences_take(Absences *absences, const char *user_id, const char *device_id,
                       gboolean is_nameless, gint64 now_ms);
guint absences_count(const Absences *absences);
