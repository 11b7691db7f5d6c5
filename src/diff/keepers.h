/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of the kernel that keep what they are given: callbacks, tables of operations,
 * names; and of those that give it back to the caller. Data, to be extended; what is not
 * listed is taken to use its arguments while it runs.
 */
#ifndef MKP_DIFF_KEEPERS_H
#define MKP_DIFF_KEEPERS_H

#include <stdbool.h>
#include <stdint.h>

/** Whether @function keeps its argument @argument, counted from 0, after it returns. */
bool mkp_keeper_keeps(const char *function, uint8_t argument);

/** Whether its result may be its argument @argument, or a place in what that points to,
 * and nothing else keeps it. */
bool mkp_keeper_gives_back(const char *function, uint8_t argument);

/** Whether it is known to use the argument before it returns, and not to keep it. */
bool mkp_keeper_only_uses(const char *function, uint8_t argument);

/** Whether its name says that it gives back a copy. */
bool mkp_keeper_copies(const char *function);

/** Whether it is called like one that registers something, without being listed. */
bool mkp_keeper_registers(const char *function);

/** Why a task may stay in @function for long: "sleeps until it is woken"; NULL: it does
 * not, as far as is known. */
const char *mkp_keeper_waits(const char *function);

/** Whether its argument 0 is the main function of a kernel thread. */
bool mkp_keeper_starts_thread(const char *function);

#endif
