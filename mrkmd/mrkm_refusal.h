// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who was refused by this key server lately, and why.  However many there are,
 * so many are remembered: those refused last.
 */
#ifndef MRKM_REFUSAL_H
#define MRKM_REFUSAL_H

#include "gikev2/gikev2_cert.h"

#define MRKM_REFUSALS_MAX 32

struct mrkm_refusal {
	struct gikev2_id identity; /* that it claimed to have */
	const void *group;	   /* NULL: one that is unknown */
	struct gikev2_endpoint remote;
	uint64_t when; /* the last time; 0: no entry */
	uint32_t count;
	char reason[GIKEV2_PROBLEM_MAX];
};

/* A peer without an identity is not remembered; `reason` is copied. */
void mrkm_refusal_note(const void *group, const struct gikev2_id *identity,
		       const struct gikev2_endpoint *remote, const char *reason,
		       uint64_t now);

/* It was let in after all; identity NULL: the group is gone. */
void mrkm_refusal_forget(const void *group, const struct gikev2_id *identity);

/* NULL: none. */
const struct mrkm_refusal *mrkm_refusal_find(const void *group,
					     const struct gikev2_id *identity);

/* The n-th of the group, in no order; NULL: no more. */
const struct mrkm_refusal *mrkm_refusal_get(const void *group, size_t n);

#endif /* MRKM_REFUSAL_H */
