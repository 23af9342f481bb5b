#pragma once
/* The words of our own protocol (docs/protocol.md), the same over every door. */
#include "dialect.h"

/* A request's fields, as a JSON object without its outer braces. */
void call_words_register(const User *user, char *fields, gsize size);
void call_words_initiate(User *caller, const User *callee, char *fields, gsize size);
void call_words_about(const User *user, const char *request, const char *more, char *fields,
                      gsize size);

/* Tells the play what a reply or an event says. `event` is NULL for those who have it among the fields. */
void call_words_reply(User *user, const char *json);
void call_words_event(User *user, const char *json, const char *event);
