#include "service/ids.h"

#include <string.h>
#include <sys/random.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#define TIME_DIGITS 10
#define RANDOM_DIGITS (FRESH_ID_LENGTH - TIME_DIGITS)

static void fill_random(guint8 *bytes, gsize length)
{
    /* Up to 256 bytes come whole, and not before the kernel's pool is ready. */
    gssize got = getrandom(bytes, length, 0);

    g_assert(got == (gssize)length);
}

/* Asking the kernel costs as much as a look at a call. What was given out is not kept here. */
static void fill_pooled(guint8 *bytes, gsize length)
{
    static struct {
        GMutex lock;
        guint8 bytes[256];
        gsize left;
    } pool;

    g_mutex_lock(&pool.lock);
    if (pool.left < length) {
        fill_random(pool.bytes, sizeof pool.bytes);
        pool.left = sizeof pool.bytes;
    }
    pool.left -= length;
    memcpy(bytes, pool.bytes + pool.left, length);
    memset(pool.bytes + pool.left, 0, length);
    g_mutex_unlock(&pool.lock);
}

void fresh_id(gint64 wall_ms, char id[FRESH_ID_LENGTH + 1])
{
    guint8 bytes[RANDOM_DIGITS];

    for (gint i = TIME_DIGITS - 1; i >= 0; i--) {
        id[i] = digits[wall_ms & 31];
        wall_ms >>= 5;
    }
    fill_pooled(bytes, sizeof bytes);
    for (guint i = 0; i < RANDOM_DIGITS; i++)
        id[TIME_DIGITS + i] = digits[bytes[i] & 31];
    id[FRESH_ID_LENGTH] = '\0';
}

void fresh_secret(char secret[SECRET_LENGTH + 1])
{
    guint8 bytes[SECRET_LENGTH];

    fill_random(bytes, sizeof bytes);
    for (guint i = 0; i < SECRET_LENGTH; i++)
        secret[i] = digits[bytes[i] & 31];
    secret[SECRET_LENGTH] = '\0';
}

void fresh_room(char room[ROOM_LENGTH + 1])
{
    guint64 number;

    fill_random((guint8 *)&number, sizeof number);
    /* Never 0, which asks VideoRoom for a number of its own. */
    g_snprintf(room, ROOM_LENGTH + 1, "%" G_GUINT64_FORMAT,
               (number & ((G_GUINT64_CONSTANT(1) << 52) - 1)) | 1);
}
