/* Users and their devices. */
#pragma once

#include <glib.h>

#include "core/address.h"
#include "core/deadline.h"

typedef struct User User;

/* One device is (userId, deviceId). It is present at one address, or away: then it waits for its
 * return, and only for as long as a call had it when it went (docs/protocol.md, section 2,
 * Registration). */
typedef struct {
    Deadline grace; /* DEADLINE_DEVICE; set while it is away */
    User *user;     /* its owner */
    GRefString *id;
    GRefString *name; /* displayName, or NULL */
    Address *address; /* NULL while away */
    gint64 away_since_us;
    gboolean is_nameless; /* the hub gave the id */
} Device;

struct User {
    Deadline ends_kept; /* DEADLINE_USER; set while early_ends may hold some */
    GRefString *id;
    GPtrArray *devices;  /* of Device, owned; bounded by limits.max_devices and those in grace */
    GPtrArray *calls;    /* of Call, borrowed: its live calls, oldest first */
    guint veiled_calls;  /* over for this user, but not yet for their callers: not in `calls` */
    GQueue ended;        /* of Ended, newest first: what its snapshot tells */
    GQueue early_ends;   /* of EarlyEnd, oldest first */
    gboolean is_to_tidy; /* the end of the step looks whether it is idle */
};

User *user_new(const char *id);
/* The user must have no calls and nothing ended, and its deadline must have been taken out. */
void user_free(User *user);
/* Nothing is left that would need the user to be remembered. */
gboolean user_is_idle(const User *user);

Device *user_device(const User *user, const char *device_id); /* or NULL */
/* The only nameless device in grace; NULL when there is none or more than one. */
Device *user_nameless_away(const User *user);
guint user_present_devices(const User *user);

Device *user_add_device(User *user, const char *device_id);
/* Frees it. It must be in no call, at no address, and its deadline taken out. */
void user_remove_device(User *user, Device *device);

/* An end whose initiate has not come yet. Remembering one forgets the oldest beyond `most`; a take
 * is TRUE once. */
void user_remember_early_end(User *user, const char *call_id, gint64 now_us, guint most);
gboolean user_take_early_end(User *user, const char *call_id, gint64 now_us);
/* Forgets those that are too old. */
void user_forget_early_ends(User *user, gint64 now_us);
