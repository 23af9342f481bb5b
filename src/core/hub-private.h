/* What the hub's own files share. */
#pragma once

#include <glib.h>

#include "core/call.h"
#include "core/deadline.h"
#include "core/hub.h"
#include "core/roster.h"
#include "core/user.h"

struct Hub {
    HubSettings settings;
    gint64 now_us;  /* of the present step */
    gint64 wall_ms; /* of the present step */

    GHashTable *users;      /* userId -> User, owned */
    GHashTable *by_address; /* Address -> Device: who is registered where */
    GHashTable *by_token;   /* token -> Seat: who may join */
    GHashTable *by_seat; /* Address -> Seat: who has joined where; no address is registered too */
    GHashTable *spent;   /* of Address: had a seat and lost it; joins nothing before it is gone */
    GHashTable *live;    /* CallKey -> Call: once for each party that may see it */
    GHashTable *by_id;   /* callId -> Call: the first of those that share it */
    GHashTable *ended;   /* CallKey -> Ended */
    GQueue ended_order;  /* of Ended, oldest first */
    GPtrArray *to_tidy;  /* of User: who may be idle at the end of the step */
    Roster registered;   /* of User: those with a device */
    Roster calls;        /* of Call: live for both parties */
    Deadlines deadlines;
    HubStats stats;
    gboolean is_in_step; /* it began and did not end */
    Call *closed;        /* by the step, which has not taken it out of the lists yet; or NULL */
};

/* Who sent a request: an app's device, or a backend for a user. */
typedef struct {
    User *user;     /* NULL: a backend's user whom memory does not know */
    Device *device; /* NULL for a backend */
} Sender;

/* One file a verb. Each appends its effects and, last, exactly one reply. */
void on_register(Hub *hub, const Event *event, Effects *effects);
void on_unregister(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_initiate(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_ringing(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_accept(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_reject(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_end(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_signal(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_get(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_history(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_record(Hub *hub, const Event *event, const Sender *sender, Effects *effects);
void on_disconnect(Hub *hub, const Event *event, Effects *effects);
/* On a media handle: call:join; call:media and call:configure. */
void on_join(Hub *hub, const Event *event, Effects *effects);
void on_joined(Hub *hub, const Event *event, Effects *effects);
/* Not requests: no reply. */
void on_gone(Hub *hub, const Event *event, Effects *effects);
void on_timeout(Hub *hub, const Event *event, Effects *effects);
void on_push_answered(Hub *hub, const Event *event, Effects *effects);
void on_media_state(Hub *hub, const Event *event, Effects *effects);
void on_media_failed(Hub *hub, const Event *event, Effects *effects);
void on_media_report(Hub *hub, const Event *event, Effects *effects);

/* What is said to a device (tell.c): for effects_send(). */
Message message_to(const Hub *hub, MessageKind kind, const Device *to);
/* The same about a call, as the device's user may see it. */
Message message_about(const Hub *hub, MessageKind kind, const Call *call, const Device *to);

/* Users (hub.c). */
User *hub_find_user(const Hub *hub, const char *user_id);
User *hub_make_user(Hub *hub, const char *user_id);
/* Has the end of the step forget the user, or its expired devices, if nothing needs them any more. */
void hub_tidy_user(Hub *hub, User *user);

/* Presence (presence.c): a device is at an address, or away, or removed. */
/* At the address that the registration came from, for as long as it says. */
void hub_place_device(Hub *hub, Device *device, const Event *event);
/* Off its address without a word: it waits for its return if a call has it, or is removed. */
void hub_lose_device(Hub *hub, Device *device, Effects *effects);
/* For good and by will: its ring is cancelled, its call hangs up, its ringing leg drops out; then
 * it is removed. `by` is the device itself when its own request did it (its reply tells it), else
 * NULL. */
void hub_remove_device(Hub *hub, Device *device, const Device *by, Effects *effects);
/* Its deadline has come. Away, its grace is over, and it is removed. Present, its token is, and it
 * is removed but for the call that it is in. */
void hub_expire_device(Hub *hub, Device *device, Effects *effects);
/* Removes those of the user's devices whose token is over and that no call needs any more. */
void hub_forget_expired(Hub *hub, const User *user);

/* Live calls (calls.c). */
typedef struct {
    Happening what;
    const Device *by;    /* whose own request it is: its reply tells it, so it gets no event */
    const char *by_user; /* userId of the party that did it, or NULL */
    Device *device;      /* the device that accepts, is away, is back, says something */
    Cause cause;         /* CAUSE_NONE: the table's */
    const char *reason;  /* or NULL */
    const char *data;    /* JSON text, for SIGNAL and UPDATE */
    const MediaSecrets *secrets; /* for ACCEPT */
    /* The step looks for no call after it: one that closes is retired at its end. */
    gboolean is_last;
} Occurrence;

/* Lets it happen to the call if the table knows it: returns the record that it made (owned), or
 * NULL and changes nothing. A call that closes is dead afterwards. */
Record *call_apply(Hub *hub, Call *call, const Occurrence *occurrence, Effects *effects);
/* A closed one: out of what is live, into what has ended. Frees it. */
void call_retire(Hub *hub, Call *call);
/* Looks at the call's timers anew. */
void call_reschedule(Hub *hub, Call *call);
/* Carries out the timer that is due. */
void call_expire(Hub *hub, Call *call, Effects *effects);
/* Tells a device of the callee that the call rings, and gives it a leg. */
void call_announce(Hub *hub, Call *call, Device *device, Effects *effects);
gint64 call_expires_in_ms(const Hub *hub, const Call *call);
/* One more entry of its trace. */
void call_note(const Hub *hub, Call *call, TraceKind what, const Device *device);
/* Has the present record kept, with all of the trace. */
void call_keep(Call *call, Change change, Effects *effects);
/* The record has all of the trace. */
void call_complete(Call *call);
/* A device of the callee does not ring for it any more. */
void call_lose_ring(Hub *hub, Call *call, Device *device);
/* Asks the backend to wake the callee, if no device rings. */
void call_push_at_once(Hub *hub, Call *call, Effects *effects);

/* The other device was told that this one is away: it is, or its media was there and is not. */
gboolean call_is_absent(const Call *call, const Device *device);
/* A device came back and stays absent for the other one: it learns how that one is. */
void call_catch_up(const Hub *hub, const Call *call, const Device *device, Effects *effects);
/* A side's media is up. */
void call_note_media(Call *call);

/* Media (seats.c). */
/* At the accept: tokens, and a room if the mode is that. */
void seats_open(Hub *hub, Call *call, const MediaSecrets *secrets, Effects *effects);
/* The call is over: nobody may join any more, whoever has is out. */
void seats_close(Hub *hub, Call *call, Effects *effects);
/* What the device is told; empty but for the two devices in an accepted call. Owned. */
Join call_join(const Call *call, const Device *device);
Device *seat_device(const Seat *seat);
/* Its PeerConnection was there and is not. */
gboolean seat_has_lost_media(const Seat *seat);
/* The handle at `address` sits there now, whoever did before is out. `offer` is the callee's. */
void seat_take(Hub *hub, Seat *seat, Address *address, const char *offer, Effects *effects);
/* Nobody sits there now. */
void seat_leave(Hub *hub, Seat *seat, Effects *effects);

typedef enum {
    TURN_OK,
    TURN_ALONE,   /* an offer to nobody */
    TURN_TAKEN,   /* an offer while another one waits for its answer */
    TURN_NOTHING, /* an answer to nothing */
} SeatTurn;

/* A later offer, and an answer. Anything but TURN_OK changed nothing. */
SeatTurn seat_offer(Hub *hub, Seat *seat, const char *jsep, Effects *effects);
SeatTurn seat_answer(Hub *hub, Seat *seat, const char *jsep, Effects *effects);
void seat_configure(const Seat *seat, const MediaWish *wish, Effects *effects);
void call_record_media(Call *call, gboolean is_recorded, Effects *effects);

/* Calls that ended (ended.c): what snapshots tell, what repeats are answered with. */
typedef struct {
    CallKey key;
    User *user;
    Record *record;
    gint64 ended_us;
    GList in_hub;
    GList in_user;
} Ended;

void ended_keep(Hub *hub, User *user, Record *record);
/* The same revision with a longer trace: takes the place of the one that is kept. */
void ended_renew(Hub *hub, Record *record);
/* Forgets some of what is too old; cheap when nothing is. */
void ended_tidy(Hub *hub);
void ended_forget_all(Hub *hub);

/* Which call is meant (lookup.c): by (user, callId), or for an operator by the id alone. */
typedef struct {
    Call *call;     /* live for this user, or NULL */
    Record *record; /* borrowed; NULL when there is no such call */
    View view;
    gboolean is_caller;
} Found;

Found hub_find_call(const Hub *hub, const User *user, const char *call_id);
/* Live calls are in the lists of all calls too. */
void hub_list_call(Hub *hub, Call *call);
void hub_unlist_call(Hub *hub, Call *call);
/* The call that a request is about: live, ended a while ago, or brought from the store by the
 * event. */
Found find_asked_call(const Hub *hub, const Event *event, const Sender *sender);
View hub_view(const Hub *hub, const Record *record, const User *user);

/* Replies about a call (reply.c). */
Reply *reply_about(Hub *hub, Effects *effects, const Event *event, const User *user,
                   Record *record);
Reply *refuse_about(Hub *hub, Effects *effects, const Event *event, const User *user,
                    Record *record, Refusal refusal, const char *text);
/* 410 when the call is over, else 409 with `text`. */
Reply *refuse_state(Hub *hub, Effects *effects, const Event *event, const User *user,
                    Record *record, const char *text);
/* Memory does not know it: the reply says whose call to look for in the store. */
Reply *refuse_not_found(Effects *effects, const Event *event, const Sender *sender);
/* The request repeats one that made the present, final state: the same user closed the call, with
 * this status. */
gboolean is_repeat_of_close(const Found *found, const User *user, CallState made);
