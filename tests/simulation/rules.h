/* The plain rules that no step may break, whatever the model thinks: a second pair of eyes that sees only events,
 * effects and replies, and remembers no more than what each device was told. */
#pragma once

#include "core/hub.h"

typedef struct Rules Rules;

Rules *rules_new(void);
void rules_free(Rules *rules);
void rules_reset(Rules *rules);

/* NULL when no rule is broken, else the rule. */
const char *rules_step(Rules *rules, const Event *event, const Effects *effects, const Hub *hub);
