/* The simulation's random source: one seed, one schedule, on every machine. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 state;
} Random;

static inline void random_init(Random *random, guint64 seed)
{
    random->state = seed;
}

/* splitmix64: seeds that lie side by side give sequences that have nothing to do with one another. */
static inline guint64 random_next(Random *random)
{
    guint64 z = random->state += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 to below - 1; 0 when below is 0. */
static inline guint random_below(Random *random, guint below)
{
    return below ? (guint)((random_next(random) >> 32) * below >> 32) : 0;
}

/* TRUE once in `one_in` times. */
static inline gboolean random_chance(Random *random, guint one_in)
{
    return random_below(random, one_in) == 0;
}

/* One element of an array. */
#define random_pick(random, array) ((array)[random_below((random), G_N_ELEMENTS(array))])
