/* A fake of Janus's core, enough to run the real plugin in a test: it loads the plugin, calls it
 * from many threads at once as the core's pool does, and keeps what it pushes. What it leaves out:
 * transports; of media see fake-media.h. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef struct FakeHandle FakeHandle;

/* What only Janus and the client may know of a message has this in it: the transaction, the SDP. */
#define FAKE_SECRET "7f3a-secret"

/* Loads the plugin of this build (or takes the one that the program links) and init()s it with a
 * configuration in libconfig's language. What it says nothing of is `general` with auth "open",
 * `store` with type "memory", and the defaults. FALSE when it does not want to load;
 * fake_janus_log() says why. */
gboolean fake_janus_start(const char *configuration);
/* Writes another configuration while the plugin runs. */
void fake_janus_rewrite(const char *configuration);
/* destroy()s and unloads it; every handle must have been freed (that is asserted: no reference is
 * leaked). */
void fake_janus_stop(void);
/* destroy() alone, while calls may be under way. */
void fake_janus_destroy_plugin(void);

/* What the plugin logged since the start; owned by the caller. */
char *fake_janus_log(void);
/* The version that the plugin finds in the process; 0 sets it back to the one that it was built
 * for. */
void fake_janus_pretend_version(int version);
/* How often close_pc() was called; how many events went to event handlers, and the last of them
 * (borrowed). */
guint fake_janus_closed_pcs(void);
guint fake_janus_facts(void);
const json_t *fake_janus_last_fact(void);

FakeHandle *fake_attach(void);
/* The core's end of a handle: destroy_session(). May be called while requests are under way. */
void fake_detach(FakeHandle *handle);
/* Lets go of it after fake_detach(): frees it when the plugin holds no reference any more. */
void fake_release(FakeHandle *handle);

/* Sends one message on the calling thread; the reply's data, owned by the caller. NULL when the
 * plugin answers with an error instead. Takes over `body`. */
json_t *fake_request(FakeHandle *handle, json_t *body);
json_t *fake_request_with_jsep(FakeHandle *handle, json_t *body);
/* As Janus's core may while it detaches a handle: `gone` is NULL, or was freed. */
json_t *fake_request_too_late(const FakeHandle *gone, json_t *body);
json_t *fake_admin(json_t *body);
json_t *fake_query(FakeHandle *handle);

/* Waits for the next event of that name, and takes it (owned by the caller); others stay. Fails the
 * test after 10 s. */
json_t *fake_expect(FakeHandle *handle, const char *event);
/* How many events of that name (NULL: of any) came and were not taken. */
guint fake_waiting(FakeHandle *handle, const char *event);
/* Every event that came, in order, taken or not: a copy of the list, with borrowed items. */
GPtrArray *fake_all(FakeHandle *handle);

/* Every event since the last time, in order: a new list that owns them. */
GPtrArray *fake_take_all(FakeHandle *handle);

/* Makes push_event() block for this handle until it is let go on. */
void fake_stall(FakeHandle *handle, gboolean is_stalled);
