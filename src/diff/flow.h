/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the code of a function takes an address: followed from the instruction that makes
 * it, through registers and the stack frame, along every way through the function and its
 * split-off parts, to where it is stored, handed to a call or returned.
 *
 * What is kept: a set of registers and of slots of the frame that may hold the address,
 * for each instruction. A slot is a multiple of eight modulo 512 bytes from the stack
 * pointer at the entry; two slots that fall together only make the answer more cautious.
 */
#ifndef MKP_DIFF_FLOW_H
#define MKP_DIFF_FLOW_H

#include "diff/graph.h"

enum mkp_flow_event {
	MKP_FLOW_STORED,   /* in memory that is not the frame */
	MKP_FLOW_PASSED,   /* to a call, as an argument or in the frame */
	MKP_FLOW_RETURNED, /* to the caller */
	MKP_FLOW_LOST,	   /* the code that makes it is not decoded: anywhere */
};

#define MKP_FLOW_IN_FRAME 0xff

/** Told for each place where the address leaves the function. */
struct mkp_flow_exit {
	enum mkp_flow_event event;
	uint32_t atom;	  /* function or part */
	uint32_t place;	  /* of the instruction in it */
	uint32_t callee;  /* of PASSED: reference of the call, MKP_NO_REF: indirect */
	uint32_t to;	  /* of STORED: reference of the memory operand, or MKP_NO_REF */
	uint8_t argument; /* of PASSED: which one, or MKP_FLOW_IN_FRAME */
};

struct mkp_flow;

/** Decodes a function of @graph, which must outlive the flow; the architecture must have
 * decode_flow(). */
struct mkp_error *mkp_flow_create(const struct mkp_graph *graph, uint32_t function,
				  struct mkp_flow **ret_flow) MKP_MUST_CHECK;
void mkp_flow_destroy(struct mkp_flow *flow);

/**
 * Called for each exit; what it returns ends the search. If the result of a call may be
 * the address again, or a place behind it, *@ret_back becomes true: the result is
 * followed.
 */
typedef struct mkp_error *(*mkp_flow_visit)(void *data, const struct mkp_flow_exit *exit,
					    bool *ret_back);

/**
 * Follows the address that reference @ref of the function or of a part makes. @through:
 * what is loaded from it is followed as well, since it holds addresses of its own kind.
 */
struct mkp_error *mkp_flow_trace(struct mkp_flow *flow, uint32_t ref, bool through,
				 mkp_flow_visit visit, void *data) MKP_MUST_CHECK;

/** The same for what the caller passes as argument @argument. */
struct mkp_error *mkp_flow_trace_argument(struct mkp_flow *flow, uint8_t argument,
					  bool through, mkp_flow_visit visit,
					  void *data) MKP_MUST_CHECK;

/** The same for the result of the call at reference @ref, or of the jump in place of one.
 */
struct mkp_error *mkp_flow_trace_result(struct mkp_flow *flow, uint32_t ref, bool through,
					mkp_flow_visit visit, void *data) MKP_MUST_CHECK;

/** Whether the instruction of reference @ref can be reached from itself. */
bool mkp_flow_loops(struct mkp_flow *flow, uint32_t ref);

/** Whether any way through the function leads out of it, by a return or a jump. */
bool mkp_flow_returns(struct mkp_flow *flow);

#endif
