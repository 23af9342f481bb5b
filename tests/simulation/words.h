/* A step in words: the trace that a failing seed is printed with. */
#pragma once

#include "model.h"

/* What happens; `model` as it is before the step. */
void words_event(const Model *model, const Event *event);
/* What came out of it. */
void words_effects(const Effects *effects);
void words_settings(const HubSettings *settings);
