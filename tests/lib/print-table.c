/* Prints tests/model/table.pml: the words and the transitions of a call for the model, from the core's own table. */
#include <stdio.h>

#include "core/transition.h"

/* "ring end" of `HAPPENS` is HAPPENS_RING_END. */
static void print_word(const char *prefix, const char *name)
{
    printf("%s_", prefix);
    for (; *name; name++)
        putchar(g_ascii_isalpha(*name) ? g_ascii_toupper(*name) : '_');
}

static void define(const char *prefix, const char *name, guint value)
{
    printf("#define ");
    print_word(prefix, name);
    printf(" %u\n", value);
}

static const char *action_word(Action action)
{
    switch (action) {
    case ACTION_NOTE_RING:
        return "note ring";
    case ACTION_PUSH:
        return "push";
    case ACTION_ANSWER:
        return "answer";
    case ACTION_CLOSE:
        return "close";
    case ACTION_PASS_ON:
        return "pass on";
    case ACTION_NOTE_AWAY:
        return "note away";
    case ACTION_NOTE_BACK:
        return "note back";
    }
    g_assert_not_reached();
}

static const char *cause_word(Cause cause)
{
    return cause == CAUSE_NONE ? "none" : cause_name(cause);
}

static void print_words(void)
{
    for (guint i = 0; i < CALL_STATES; i++)
        define("CALL", call_state_name((CallState)i), i);
    printf("#define CALL_STATES %d\n\n", CALL_STATES);
    for (guint i = 0; i < CAUSES; i++)
        define("CAUSE", cause_word((Cause)i), i);
    printf("\n");
    for (guint i = 0; i < HAPPENINGS; i++)
        define("HAPPENS", happening_name((Happening)i), i);
    printf("\n");
    for (guint i = 0; i <= ACTION_NOTE_BACK; i++)
        define("ACTION", action_word((Action)i), i);
    printf("#define NO_ACTION %d\n\n", ACTION_NOTE_BACK + 1);
}

static void print_row(const Transition *row)
{
    printf("    :: from == ");
    print_word("CALL", call_state_name(row->from));
    printf(" && on == ");
    print_word("HAPPENS", happening_name(row->on));
    printf(" -> to = ");
    print_word("CALL", call_state_name(row->to));
    printf("; action = ");
    print_word("ACTION", action_word(row->action));
    printf("; cause = ");
    print_word("CAUSE", cause_word(row->cause));
    printf("\n");
}

static void print_transitions(void)
{
    printf("/* Sets to, action and cause; action to NO_ACTION where the table has no row. */\n"
           "inline transition(from, on)\n"
           "{\n"
           "    if\n");
    for (guint state = 0; state < CALL_STATES; state++) {
        for (guint happening = 0; happening < HAPPENINGS; happening++) {
            const Transition *row = transition_find((CallState)state, (Happening)happening);

            if (row)
                print_row(row);
        }
    }
    printf("    :: else -> to = from; action = NO_ACTION; cause = CAUSE_NONE\n"
           "    fi\n"
           "}\n");
}

int main(void)
{
    printf("/* Made from the table in src/core/transition.c by `make update-docs`. */\n\n");
    print_words();
    print_transitions();
    return 0;
}
