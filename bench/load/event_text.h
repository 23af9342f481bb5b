#pragma once
/* Events as our server words them, for servers that only pass text on: what arrives is then as long as with ours. */
#include "dialect.h"

void event_text_incoming(const User *caller, const User *callee, char *text, gsize size);
void event_text_rejected(const User *callee, char *text, gsize size);
/* Tells the play which of the two came. */
void event_text_heard(User *user, const char *text);
