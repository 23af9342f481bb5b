#pragma once
/* The words of our own protocol (docs/protocol.md), the same over every door. */
#include "dialect.h"

/* What is asked for, sent with the dialect's `ask`. */
void call_words_register(User *user);
void call_words_initiate(User *caller, const User *callee);
void call_words_reject(User *callee);
void call_words_accept(User *callee);
void call_words_end(User *user);

/* Tells the play what a reply or an event says. `event` is NULL for those who have it among the fields. */
void call_words_reply(User *user, const char *json);
void call_words_event(User *user, const char *json, const char *event);
