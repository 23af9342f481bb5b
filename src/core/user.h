/* Users and their devices. */
#pragma once

#include <glib.h>

#include "core/address.h"
#include "core/deadline.h"
#include "core/pace.h"

typedef struct User User;

/* One device is (userId, deviceId). It is present at one address, or away: then it waits for its
 * return, and only for as long as a call had it when it went (docs/protocol.md, section 2,
 * Registration). One whose token is over is present for the call that it is in, and for nothing
 * else. */
typedef struct {
    Deadline deadline; /* DEADLINE_DEVICE: while present the end of its token, away of its grace */
    User *user;        /* its owner */
    GRefString *id;
    GRefString *name; /* displayName, or NULL */
    Address *address; /* NULL while away */
    gint64 away_since_us;
    gint64 expires_us;     /* of its token; DEADLINE_NEVER */
    gboolean is_away;      /* it was present once */
    gboolean is_expired;   /* present, but its token is over */
    gboolean is_nameless;  /* the hub gave the id */
    gboolean says_ringing; /* it has said call:ringing: when it does not, it sleeps */
} Device;

struct User {
    Deadline kept; /* DEADLINE_USER; set while only time has to pass until it can be forgotten */
    GRefString *id;
    GPtrArray *devices; /* of Device, owned; bounded by limits.max_devices and those in grace */
    GPtrArray *calls;   /* of Call, borrowed: its live calls, oldest first */
    guint veiled_calls; /* over for this user, but not yet for their callers: not in `calls` */
    GQueue ended;       /* of Ended, newest first: what its snapshot tells */
    GQueue early_ends;  /* of EarlyEnd, oldest first */
    Pace pace;
    guint place;         /* in the hub's roster, while it has a device */
    gboolean is_to_tidy; /* the end of the step looks whether it is idle */
};

User *user_new(const char *id);
/* The user must have no calls and nothing ended, and its deadline must have been taken out. */
void user_free(User *user);
/* Nothing is left that would need the user to be remembered, but what time settles. */
gboolean user_is_idle(const User *user);
/* When it will have: its early ends are too old, its paces full. */
gint64 user_settled_us(const User *user);

Device *user_device(const User *user, const char *device_id); /* or NULL */
/* The only nameless device in grace; NULL when there is none or more than one. */
Device *user_nameless_away(const User *user);
guint user_present_devices(const User *user);
/* It can be rung, and ask for anything. */
gboolean device_is_present(const Device *device);

Device *user_add_device(User *user, const char *device_id);
/* Frees it. It must be in no call, at no address, and its deadline taken out. */
void user_remove_device(User *user, Device *device);

/* An end whose initiate has not come yet. Remembering one forgets the oldest beyond `most`; a take
 * is TRUE once. */
void user_remember_early_end(User *user, const char *call_id, gint64 now_us, guint most);
gboolean user_take_early_end(User *user, const char *call_id, gint64 now_us);
/* Forgets those that are too old. */
void user_forget_early_ends(User *user, gint64 now_us);
