// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is shut out of a key server's group, since when, and why.  It is kept with
 * the key server's state.
 */
#ifndef MRKM_EXCLUSION_H
#define MRKM_EXCLUSION_H

#include <zebra.h>

#include "typesafe.h"

#include "gikev2/gikev2.h"

PREDECL_RBTREE_UNIQ(mrkm_exclusions);

struct mrkm_ks_group;

/* Part of what is kept: no number is used twice. */
enum mrkm_exclusion_cause {
	MRKM_EXCLUDED_BY_COMMAND = 1, /* until it is readmitted */
	MRKM_EXCLUDED_REVOKED = 2,    /* until it shows another certificate */
};

struct mrkm_exclusion {
	struct mrkm_exclusions_item item;
	struct gikev2_id identity;
	enum mrkm_exclusion_cause cause;
	int64_t since; /* seconds since 1970 UTC */
	char *reason;
};

int mrkm_exclusion_cmp(const struct mrkm_exclusion *a,
		       const struct mrkm_exclusion *b);

DECLARE_RBTREE_UNIQ(mrkm_exclusions, struct mrkm_exclusion, item,
		    mrkm_exclusion_cmp);

/* NULL: it is not. */
const struct mrkm_exclusion *
mrkm_exclusion_find(const struct mrkm_ks_group *group,
		    const struct gikev2_id *identity);

/* May it not register?  With another certificate it may. */
bool mrkm_exclusion_bars(const struct mrkm_ks_group *group,
			 const struct gikev2_id *identity);

/*
 * Shuts a member out by command, or lets it in again.  0, or -1 with a
 * sentence.
 */
int mrkm_exclude_member(struct mrkm_ks_group *group,
			const struct gikev2_id *identity, char *problem,
			size_t size);
int mrkm_readmit_member(struct mrkm_ks_group *group,
			const struct gikev2_id *identity, char *problem,
			size_t size);

/* Shuts out a member whose certificate is revoked: `reason` says which. */
void mrkm_exclude_revoked(struct mrkm_ks_group *group,
			  const struct gikev2_id *identity, const char *reason);

/* It registered, so it is not excluded for its certificate any more. */
void mrkm_exclusion_registered(struct mrkm_ks_group *group,
			       const struct gikev2_id *identity);

/* Forgets who could not be a member anyway. */
void mrkm_exclusions_prune(struct mrkm_ks_group *group);

/* What was kept.  False: it cannot be read, and nobody may be served. */
bool mrkm_exclusions_load(struct mrkm_ks_group *group);

/* Frees them; those of a group that ends for good are not kept either. */
void mrkm_exclusions_free(struct mrkm_ks_group *group);
void mrkm_exclusions_forget(struct mrkm_ks_group *group);

#endif /* MRKM_EXCLUSION_H */
