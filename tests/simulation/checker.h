/* Compares what came out of a step with what must, and with the plain rules that hold after every step. */
#pragma once

#include "expect.h"

typedef struct Checker Checker;

Checker *checker_new(void);
void checker_free(Checker *checker);
/* For a new hub and a model that was reset. */
void checker_reset(Checker *checker, Model *model);

/* Lets the event happen to the model and looks at what the hub made of it. Returns NULL when all is well, else what is
 * wrong in words; borrowed until the next call. */
const char *checker_step(Checker *checker, const Event *event, const Effects *effects,
                         const Hub *hub);

/* What has been seen since the checker was made, so that a schedule which never gets anywhere shows. */
typedef struct {
    guint64 steps;
    guint64 messages[MESSAGES];
    guint64 missed[MESSAGES];
    guint64 requests[EVENT_KINDS];
    guint64 refusals[REFUSALS];
    guint64 closed[CALL_STATES][CAUSES];
    guint64 pushes[2]; /* asked, stopped */
    guint64 orders[MEDIA_ORDERS];
} Coverage;

const Coverage *checker_coverage(const Checker *checker);
