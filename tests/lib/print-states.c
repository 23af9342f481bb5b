/* Prints docs/states.md: the life of a call as a diagram and as a table, from the core's own table of transitions. */
#include <stdio.h>

#include "core/transition.h"

typedef void (*Visit)(const Transition *row);

static void for_each_row(Visit visit)
{
    for (guint state = 0; state < CALL_STATES; state++) {
        for (guint happening = 0; happening < HAPPENINGS; happening++) {
            const Transition *row = transition_find((CallState)state, (Happening)happening);

            if (row)
                visit(row);
        }
    }
}

static void print_arrow(const Transition *row)
{
    if (row->from != row->to)
        printf("    %s --> %s: %s\n", call_state_name(row->from), call_state_name(row->to),
               happening_name(row->on));
}

static void print_final(CallState state)
{
    if (call_state_is_final(state))
        printf("    %s --> [*]\n", call_state_name(state));
}

static void print_diagram(void)
{
    printf("```mermaid\n"
           "stateDiagram-v2\n"
           "    [*] --> %s: initiate\n",
           call_state_name(CALL_RINGING));
    for_each_row(print_arrow);
    for (guint state = 0; state < CALL_STATES; state++)
        print_final((CallState)state);
    printf("```\n");
}

static void print_row(const Transition *row)
{
    const char *cause = cause_name(row->cause);

    printf("| `%s` | %s | `%s` | ", call_state_name(row->from), happening_name(row->on),
           call_state_name(row->to));
    if (cause)
        printf("`%s`", cause);
    printf(" | %s |\n", action_name(row->action));
}

static void print_table(void)
{
    printf("| state | what happens | state then | cause, unless another is said | what is done |\n"
           "|---|---|---|---|---|\n");
    for_each_row(print_row);
}

int main(void)
{
    printf("# The states of a call\n"
           "\n"
           "A call is in one of these states, and what can happen to it is this table and nothing "
           "else: a pair\n"
           "that is not here is refused and changes nothing. `docs/protocol.md` says what each "
           "state and cause\n"
           "means to an app.\n"
           "\n"
           "This page is made from the table in `src/core/transition.c` by `make update-docs`.\n"
           "\n");
    print_diagram();
    printf("\n");
    print_table();
    return 0;
}
