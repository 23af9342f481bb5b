/* A simulated world around one Hub, on a virtual clock: users with devices, their connections, a
 * backend, an operator.
 *
 * What happens and what must come of it is written as a trace, one item after another, separated by
 * `|` or by lines:
 *
 *     here: alice bob/phone bob/tablet
 *     [    0] alice > initiate bob C1 | bob/phone < incoming C1 | bob/tablet < incoming C1
 *     [ 3000] bob/phone > reject C1 'User declined'
 *             alice < rejected C1 declined 'User declined'
 *             bob/tablet < ended C1 rejected declined_elsewhere
 *
 * Time: `[MS]` lets it go on until MS milliseconds after the start; every timer fires exactly when
 * it is due. `[<MS]` stops just before the timers of that moment.
 *
 * What happens: `WHO > VERB FIELDS`. VERB is a request's name without `call:`, and goes through the
 * wire's parser: `initiate CALLEE [CALLID]`, `reject CALLID ['reason']`, `signal CALLID {...}`,
 * `disconnect USER[/DEVICE]`, and any field as `name=value`; or it is `drop`: the connection goes
 * away. WHO is one of
 *
 *     alice        the connection of alice's device "main"
 *     bob/phone    that of bob's device "phone"
 *     bob/phone#2  another one of the same device
 *     eve/-        registers without a deviceId (eve/-1, eve/-2: two such)
 *     @bob         a backend that acts for bob (@bob/phone: and names the device)
 *     operator
 *
 * What must come of it: `WHO < KIND WORDS` is one event, at this very time. KIND is its name without
 * `call:`; each word is one of its fields, in any order: `name=value`, or the bare value of a
 * callId, status, cause, code, reason (in single quotes), callerId, from or state; `!name` says that
 * there is no such field. Times in fields are milliseconds since the start. Fields that are not
 * mentioned may be anything, but events may not: one that nobody expected fails the test, and so do
 * two in the wrong order at one connection.
 *
 * `WHO < ok WORDS` is the reply to WHO's request, `WHO < 409 glare WORDS` a refusal. A request that
 * is not said to be refused must succeed.
 *
 * Looked at only when it is written:
 *
 *     WHO < knows WORDS          a call in the snapshot of the reply to register, or `knows nothing`
 *     WHO < missed KIND WORDS    an event that found the device away
 *     store < created WORDS      a record that is to be kept (accepted, closed, touched)
 *     backend < push WORDS       it shall wake the callee, or `stop`
 *
 *     media < link WORDS         an order to whoever carries the media (room, configure, leave,
 *                                record, end): `caller=` and `callee=` are the connections that have
 *                                joined, `at=` the one that it is about
 *
 * A connection that never registers is a media handle: `am > join C1 T1a`, `bm > join C1 T1b
 * jsep=offer/SDP`, `am > media C1 jsep=answer/SDP`, `am > configure bitrate=1`; `am > up`, `am >
 * down`: its PeerConnection came or went. What the N-th request to accept makes is the tokens TNa
 * and TNb of caller and callee, the room 1000+N and the pin PN.
 *
 * `here: WHO...` registers them. `set NAME=VALUE...`, before all else, changes settings, by their
 * names in HubSettings, times in ms, rates as TOKENS/MS/SIZE.
 *
 * `register lasts=MS`: as with a token that is over after so long.
 *
 * After every step the rules that hold in every scenario are checked (sim-check.c). What fails
 * prints the trace so far. */
#pragma once

#include <glib.h>

#include "core/hub.h"

#define MILLISECOND G_GINT64_CONSTANT(1000)
#define SECOND (1000 * MILLISECOND)
#define MINUTE (60 * SECOND)

/* The start of every scenario, in Unix ms. */
#define SIM_WALL_START_MS G_GINT64_CONSTANT(1700000000000)

typedef struct Sim Sim;

/* `settings` NULL: the defaults. */
Sim *sim_new(const HubSettings *settings);
/* Also fails when something was seen that nobody expected. NULL is fine. */
void sim_free(Sim *sim);

/* Plays a trace (see above), after those that were played before. */
void sim_play(Sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* All that this connection was told and that no trace expected yet, word for word; what others were
 * told is forgotten. */
char *sim_take(Sim *sim, const char *who);

/* The store has this call, and memory need not: whoever asks for its id is given it, party or not.
 */
void sim_store(Sim *sim, Record *record);

/* Lets time go by, in microseconds; timers fire when they are due. */
void sim_advance(Sim *sim, gint64 us);

Hub *sim_hub(Sim *sim);
HubStats sim_stats(Sim *sim);
/* Everything that the hub remembers, as text, but for the time and the counters of steps and
 * refusals. */
char *sim_dump(Sim *sim);

/* For tests that make events themselves. */

/* The connection of that name; made when there is none. Valid for as long as the world. */
Address *sim_connection(Sim *sim, const char *name);
/* Steps the hub. Time is filled in, and a fresh id unless there is one; `who` and `what` are for
 * the trace. The effects are good until the next step. */
const Effects *sim_step(Sim *sim, Event *event, const char *who, const char *what);
/* Prints the trace and the text, and gives up. */
void sim_fail(Sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3) G_GNUC_NORETURN;

/* A test that is nothing but a trace. */
typedef struct {
    const char *path; /* a sentence */
    const char *trace;
} Scenario;

/* Adds a test for each. */
void sim_add_scenarios(const Scenario *scenarios, guint count);
/* Adds a test that gets a new world with the default settings. */
void sim_add_test(const char *path, void (*test)(Sim *sim));
