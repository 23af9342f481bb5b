/* Port: what the backend is told of a call. The store asks when a call gets a new status, and keeps
 * the answer in its outbox, in the transaction of the record: what is known is told, at least once.
 */
#pragma once

#include "core/record.h"

typedef struct {
    const char *const *endpoints; /* names of those who want it, ends in NULL; borrowed for good */
    char *id;                     /* the same for all of them, of no other event; owned */
    char *body;                   /* as it is sent; owned */
} Announcement;

typedef struct {
    /* FALSE: nobody wants to know. Called by the thread that writes, within its transaction: must
     * not block. */
    gboolean (*announce)(gpointer self, const Record *record, Announcement *announcement);
} Announcer;

static inline void announcement_clear(Announcement *announcement)
{
    g_clear_pointer(&announcement->id, g_free);
    g_clear_pointer(&announcement->body, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Announcement, announcement_clear)
