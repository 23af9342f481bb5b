/* Tells ThreadSanitizer what GLib's locks and reference counts order. GLib is not built with it, so
 * without this every hand-over through a GMutex looks like a race. Linked into test programs
 * (exported, so that a loaded plugin uses it too); empty in every other build. */
#if defined(__SANITIZE_THREAD__)
#define HAVE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAVE_TSAN 1
#endif
#endif

#ifdef HAVE_TSAN

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include <glib.h>

#pragma GCC visibility push(default)

void __tsan_acquire(void *address);
void __tsan_release(void *address);
void *g_real(const char *name);

/* What they race to set is the same value. */
__attribute__((no_sanitize("thread"))) void *g_real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

#define REAL(function)                                                                             \
    ({                                                                                             \
        static __typeof__(&function) real;                                                         \
        __typeof__(&function) found = __atomic_load_n(&real, __ATOMIC_RELAXED);                    \
        if (!found) {                                                                              \
            found = (__typeof__(&function))g_real(#function);                                      \
            __atomic_store_n(&real, found, __ATOMIC_RELAXED);                                      \
        }                                                                                          \
        found;                                                                                     \
    })

/* --- locks: the real ones, with a word to the sanitizer --- */

void g_mutex_lock(GMutex *mutex)
{
    REAL(g_mutex_lock)(mutex);
    __tsan_acquire(mutex);
}

void g_mutex_unlock(GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_mutex_unlock)(mutex);
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    REAL(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 until_us)
{
    gboolean is_signalled;

    __tsan_release(mutex);
    is_signalled = REAL(g_cond_wait_until)(cond, mutex, until_us);
    __tsan_acquire(mutex);
    return is_signalled;
}

void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    __tsan_release(queue);
    REAL(g_async_queue_push)(queue, data);
}

gpointer g_async_queue_pop(GAsyncQueue *queue)
{
    gpointer data = REAL(g_async_queue_pop)(queue);

    __tsan_acquire(queue);
    return data;
}

/* --- reference counts: made anew, so that the sanitizer sees the atomic operations --- */

gboolean(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
    return __atomic_sub_fetch(count, 1, __ATOMIC_ACQ_REL) == 0;
}

void(g_atomic_ref_count_inc)(gatomicrefcount *count)
{
    __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

typedef struct {
    gint count;
    gsize length;
    max_align_t data[];
} Box;

static Box *box_of(gpointer data)
{
    return (Box *)((char *)data - offsetof(Box, data));
}

gpointer g_atomic_rc_box_alloc0(gsize size)
{
    Box *box = g_malloc0(sizeof(Box) + size);

    box->count = 1;
    return box->data;
}

gpointer g_atomic_rc_box_alloc(gsize size)
{
    return g_atomic_rc_box_alloc0(size);
}

gpointer(g_atomic_rc_box_acquire)(gpointer data)
{
    __atomic_add_fetch(&box_of(data)->count, 1, __ATOMIC_RELAXED);
    return data;
}

void g_atomic_rc_box_release_full(gpointer data, GDestroyNotify clear)
{
    if (__atomic_sub_fetch(&box_of(data)->count, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    clear(data);
    g_free(box_of(data));
}

char *g_ref_string_new(const char *text)
{
    gsize length = strlen(text);
    char *data = g_atomic_rc_box_alloc0(length + 1);

    memcpy(data, text, length);
    return data;
}

char *g_ref_string_acquire(char *text)
{
    return (g_atomic_rc_box_acquire)(text);
}

static void clear_nothing(gpointer data G_GNUC_UNUSED)
{
}

void g_ref_string_release(char *text)
{
    g_atomic_rc_box_release_full(text, clear_nothing);
}

#pragma GCC visibility pop

#else
typedef int nothing_to_tell;
#endif
