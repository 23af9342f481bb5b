/* A byte string as a play: what some clients, an operator and the clock do to the plugin, one after the
 * other. The language is made of single characters, so that seeds can be read (tests/fuzz/README.md). */
#pragma once

#include <stddef.h>
#include <stdint.h>

void play(const uint8_t *data, size_t size);
