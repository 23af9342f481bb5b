/* service/outbox: in order, each once, one thread at a time, and nobody for long. */
#include "service/outbox.h"

#define SLOW_MOST 1000

typedef struct {
    Outbox outbox;
    gint next;         /* the number of the last item that was put in */
    gint handed;       /* atomic: the number of the last one that was handed over */
    gint is_busy;      /* atomic: somebody hands over */
    gint is_over;      /* atomic: no more is put in */
    gint most_by_slow; /* what the slow thread handed over at once, at most */
    gint by_slow;      /* and so far; its own */
    GThread *slow;     /* or NULL */
} Post;

static void post_init(Post *post)
{
    *post = (Post){0};
    outbox_init(&post->outbox);
}

static void nothing(gpointer item G_GNUC_UNUSED)
{
}

static void post_clear(Post *post)
{
    outbox_clear(&post->outbox, nothing);
}

static void hand(gpointer item, gpointer data)
{
    Post *post = data;

    g_assert_true(g_atomic_int_compare_and_exchange(&post->is_busy, 0, 1));
    g_assert_cmpint(GPOINTER_TO_INT(item), ==, g_atomic_int_get(&post->handed) + 1);
    g_atomic_int_inc(&post->handed);
    if (g_thread_self() == post->slow) {
        /* Too many: it would go on for ever. */
        if (++post->by_slow == SLOW_MOST)
            g_atomic_int_set(&post->is_over, 1);
        g_usleep(10);
    }
    g_atomic_int_set(&post->is_busy, 0);
}

/* By one thread at a time, as steps are under the hub's lock. */
static void put_next(Post *post)
{
    outbox_put(&post->outbox, GINT_TO_POINTER(++post->next));
}

static void test_in_order(void)
{
    Post post;

    post_init(&post);
    for (guint i = 0; i < 100; i++)
        put_next(&post);
    outbox_drain_in_turns(&post.outbox, hand, &post);
    g_assert_cmpint(post.handed, ==, 100);
    outbox_drain_in_turns(&post.outbox, hand, &post);
    put_next(&post);
    outbox_drain_in_turns(&post.outbox, hand, &post);
    g_assert_cmpint(post.handed, ==, 101);
    post_clear(&post);
}

/* What an item leads to comes after it, however much there is. */
static void hand_and_put(gpointer item, gpointer data)
{
    Post *post = data;

    g_assert_cmpint(GPOINTER_TO_INT(item), ==, ++post->handed);
    if (post->next >= 1000)
        return;
    put_next(post);
    put_next(post);
    outbox_drain_in_turns(&post->outbox, hand_and_put, post);
}

static void test_from_within(void)
{
    Post post;

    post_init(&post);
    put_next(&post);
    outbox_drain_in_turns(&post.outbox, hand_and_put, &post);
    g_assert_cmpint(post.handed, ==, post.next);
    g_assert_cmpint(post.handed, >=, 1000);
    post_clear(&post);
}

static gpointer flood(gpointer data)
{
    Post *post = data;

    while (!g_atomic_int_get(&post->is_over)) {
        put_next(post);
        outbox_drain_in_turns(&post->outbox, hand, post);
    }
    return NULL;
}

/* Another thread puts in faster than this one hands over: it comes back all the same. */
static void test_nobody_works_for_others_for_long(void)
{
    GThread *thread;
    Post post;

    post_init(&post);
    post.slow = g_thread_self();
    thread = g_thread_new("flood", flood, &post);
    for (gint in_all = 0; in_all < 2 * SLOW_MOST && !g_atomic_int_get(&post.is_over);
         in_all += post.by_slow) {
        post.by_slow = 0;
        outbox_drain_in_turns(&post.outbox, hand, &post);
        post.most_by_slow = MAX(post.most_by_slow, post.by_slow);
    }
    g_atomic_int_set(&post.is_over, 1);
    g_thread_join(thread);
    outbox_drain_in_turns(&post.outbox, hand, &post);
    g_assert_cmpint(post.handed, ==, post.next);
    /* Until the other one notices that much waits, and as much again. */
    g_test_message("at most %d at once", post.most_by_slow);
    g_assert_cmpint(post.most_by_slow, <, SLOW_MOST);
    post_clear(&post);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outbox/in-order", test_in_order);
    g_test_add_func("/outbox/from-within", test_from_within);
    g_test_add_func("/outbox/nobody-works-for-others-for-long",
                    test_nobody_works_for_others_for_long);
    return g_test_run();
}
