#include "threads.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <ucontext.h>

#include <sanitizer/common_interface_defs.h>

#include "fuzz.h"

#define THREADS_MOST 8 /* the fuzzer itself is the first */
#define STACK_BYTES (1024 * 1024)
#define START_US (1000 * G_USEC_PER_SEC)
#define START_WALL_US (G_GINT64_CONSTANT(1700000000) * G_USEC_PER_SEC)
#define NEVER G_MAXINT64

typedef struct {
    GThreadFunc run;
    gpointer data;
    gpointer result;
    gboolean is_used;
    gboolean is_done;
    const GCond *waits_for; /* NULL: it can run */
    gint64 until_us;        /* while it waits */
    gboolean is_timed_out;
    ucontext_t context;
    void *stack;
    const void *stack_bottom; /* as the sanitizer knows it */
    size_t stack_bytes;
    void *fake_stack;
} Thread;

static Thread threads[THREADS_MOST];
static Thread *current = &threads[0];
static gint64 now_us = START_US;
static gint64 wall_offset_us = START_WALL_US - START_US;
static guint64 random_state;

/* What the linker makes of the calls in the plugin and in the fake Janus. */
gint64 __wrap_g_get_monotonic_time(void);
gint64 __wrap_g_get_real_time(void);
ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned int flags);
GThread *__wrap_g_thread_new(const char *name, GThreadFunc run, gpointer data);
gpointer __wrap_g_thread_join(GThread *joined);
void __wrap_g_cond_wait(GCond *cond, GMutex *mutex);
gboolean __wrap_g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 until_us);
void __wrap_g_cond_signal(GCond *cond);
void __wrap_g_cond_broadcast(GCond *cond);

/* --- time and chance --- */

gint64 __wrap_g_get_monotonic_time(void)
{
    return now_us;
}

gint64 __wrap_g_get_real_time(void)
{
    return now_us + wall_offset_us;
}

ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned int flags G_GNUC_UNUSED)
{
    guint8 *to = bytes;

    for (size_t i = 0; i < length; i++) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        to[i] = (guint8)(random_state >> 56);
    }
    return (ssize_t)length;
}

/* --- from one thread to another --- */

/* Runs on the stack that was switched to; says where the one was that was left. */
static void arrive(Thread *thread, Thread *from)
{
    __sanitizer_finish_switch_fiber(thread->fake_stack, &from->stack_bottom, &from->stack_bytes);
}

static Thread *left;

static void switch_to(Thread *thread)
{
    Thread *self = current;

    left = self;
    current = thread;
    __sanitizer_start_switch_fiber(self->is_done ? NULL : &self->fake_stack, thread->stack_bottom,
                                   thread->stack_bytes);
    fuzz_check(swapcontext(&self->context, &thread->context) == 0, "no switch of threads");
    arrive(self, left);
}

static void start(void)
{
    arrive(current, left);
    current->result = current->run(current->data);
    current->is_done = TRUE;
    switch_to(&threads[0]);
}

static gboolean can_run(const Thread *thread)
{
    return thread->is_used && !thread->is_done && !thread->waits_for;
}

/* By the fuzzer's thread. FALSE when all others wait. */
static gboolean run_others(void)
{
    gboolean has_run = FALSE;

    for (guint i = 1; i < THREADS_MOST; i++) {
        if (can_run(&threads[i])) {
            switch_to(&threads[i]);
            has_run = TRUE;
        }
    }
    return has_run;
}

static void wake(Thread *thread, gboolean is_timed_out)
{
    thread->waits_for = NULL;
    thread->is_timed_out = is_timed_out;
}

static gint64 next_wake_us(void)
{
    gint64 next_us = NEVER;

    for (guint i = 0; i < THREADS_MOST; i++) {
        if (threads[i].waits_for)
            next_us = MIN(next_us, threads[i].until_us);
    }
    return next_us;
}

static void wake_due(void)
{
    for (guint i = 0; i < THREADS_MOST; i++) {
        if (threads[i].waits_for && threads[i].until_us <= now_us)
            wake(&threads[i], TRUE);
    }
}

/* The fuzzer's own thread waits: others run, and if all of them wait too, time passes. */
static void run_until_woken(const Thread *self)
{
    while (self->waits_for) {
        if (run_others())
            continue;
        fuzz_check(next_wake_us() != NEVER, "every thread waits, and for no time");
        now_us = MAX(now_us, next_wake_us());
        wake_due();
    }
}

/* --- waiting --- */

static gboolean wait_for(const GCond *cond, GMutex *mutex, gint64 until_us)
{
    Thread *self = current;

    self->waits_for = cond;
    self->until_us = until_us;
    g_mutex_unlock(mutex);
    if (until_us <= now_us)
        wake(self, TRUE);
    else if (self == &threads[0])
        run_until_woken(self);
    else
        switch_to(&threads[0]);
    g_mutex_lock(mutex);
    return !self->is_timed_out;
}

void __wrap_g_cond_wait(GCond *cond, GMutex *mutex)
{
    wait_for(cond, mutex, NEVER);
}

gboolean __wrap_g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 until_us)
{
    return wait_for(cond, mutex, until_us);
}

void __wrap_g_cond_signal(GCond *cond)
{
    for (guint i = 0; i < THREADS_MOST; i++) {
        if (threads[i].waits_for == cond) {
            wake(&threads[i], FALSE);
            return;
        }
    }
}

void __wrap_g_cond_broadcast(GCond *cond)
{
    for (guint i = 0; i < THREADS_MOST; i++) {
        if (threads[i].waits_for == cond)
            wake(&threads[i], FALSE);
    }
}

/* --- threads --- */

static void *make_stack(void)
{
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);

    fuzz_check(stack != MAP_FAILED, "there is no memory for a stack");
    /* Who goes beyond it shall be seen. */
    fuzz_check(mprotect(stack, 4096, PROT_NONE) == 0, "the stack cannot be guarded");
    return stack;
}

GThread *__wrap_g_thread_new(const char *name G_GNUC_UNUSED, GThreadFunc run, gpointer data)
{
    Thread *thread = &threads[1];
    void *stack;

    while (thread->is_used)
        thread++;
    fuzz_check(thread < threads + THREADS_MOST, "so many threads were not expected");
    stack = thread->stack ? thread->stack : make_stack();
    *thread = (Thread){.run = run, .data = data, .is_used = TRUE, .stack = stack};
    thread->stack_bottom = stack;
    thread->stack_bytes = STACK_BYTES;
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = stack;
    thread->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&thread->context, start, 0);
    return (GThread *)thread;
}

gpointer __wrap_g_thread_join(GThread *joined)
{
    Thread *thread = (Thread *)joined;

    fuzz_check(current == &threads[0], "only the fuzzer joins");
    while (!thread->is_done) {
        if (run_others())
            continue;
        fuzz_check(next_wake_us() != NEVER, "a thread that does not end");
        now_us = MAX(now_us, next_wake_us());
        wake_due();
    }
    thread->is_used = FALSE;
    return thread->result;
}

/* --- what the fuzzer asks for --- */

void threads_reset(void)
{
    for (guint i = 1; i < THREADS_MOST; i++)
        fuzz_check(!threads[i].is_used, "a thread was not joined");
    now_us = START_US;
    wall_offset_us = START_WALL_US - START_US;
    random_state = 1;
}

void threads_settle(void)
{
    while (run_others())
        ;
}

gboolean threads_advance_to_next(void)
{
    gint64 next_us;

    threads_settle();
    next_us = next_wake_us();
    if (next_us == NEVER)
        return FALSE;
    now_us = MAX(now_us, next_us);
    wake_due();
    threads_settle();
    return TRUE;
}

void threads_advance(gint64 us, gboolean is_late)
{
    gint64 until_us = now_us + us;

    threads_settle();
    while (!is_late && next_wake_us() <= until_us)
        threads_advance_to_next();
    now_us = MAX(now_us, until_us);
    wake_due();
    threads_settle();
}

void threads_set_clock(gint64 jump_us)
{
    wall_offset_us += jump_us;
}
