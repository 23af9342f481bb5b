#pragma once
/* How often which time was seen, in buckets that grow with it: 128 to each doubling, so a value is known to 0.8 %. */
#include <glib.h>

typedef struct Histogram Histogram;

Histogram *histogram_new(void);
void histogram_free(Histogram *histogram);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Histogram, histogram_free)

/* A negative value counts as 0, one over 2^40 as that. */
void histogram_add(Histogram *histogram, gint64 ns);
void histogram_clear(Histogram *histogram);

guint64 histogram_count(const Histogram *histogram);
/* The exact largest value; 0 when there is none. */
gint64 histogram_max(const Histogram *histogram);
double histogram_mean(const Histogram *histogram);
/* The middle of the bucket below which `share` (0 to 1) of the values are; never over the largest. 0 when there is none. */
gint64 histogram_at(const Histogram *histogram, double share);

/* Appends [[ns,count],...], the buckets that are not empty, so that runs can be added up. */
void histogram_write(const Histogram *histogram, GString *json);
