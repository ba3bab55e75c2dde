// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the next generation of a group's keys consists of: which of the
 * configured algorithms every member can do, and whose SAs there are.
 */
#ifndef GIKEV2_PLAN_H
#define GIKEV2_PLAN_H

#include "gikev2/gikev2_int.h"

/* Rows of one generation. */
#define GIKEV2_GENERATION_ROWS (KEYTABLE_ROWS_MAX / GIKEV2_GENERATIONS_MAX)

struct gikev2_plan {
	/* without ID, key and times */
	struct keytable_row row[GIKEV2_GENERATION_ROWS];
	uint32_t lifetime[GIKEV2_GENERATION_ROWS]; /* seconds */
	size_t count;
};

/* The first choice for each protocol, without members. */
void gikev2_plan_first(const struct gikev2_group_config *config,
		       struct gikev2_plan *plan);

/* Between two rolls to better choices that members bring about. */
#define GIKEV2_UP_AGAIN (300 * GIKEV2_SECOND)

/*
 * What suits the members, of which the newcomer (NULL: none) takes the place
 * of an older registration; what suits nobody is planned as configured.  Before
 * group->up_from it is no better choice than that in use.
 * -LIMIT: too many senders; -BUSY: the newcomer needs a better choice.
 */
int gikev2_plan_make(struct gikev2_group *group,
		     const struct gikev2_gm *newcomer, uint64_t now,
		     struct gikev2_plan *plan);

/* Is that for any protocol a better choice than the one in use? */
bool gikev2_plan_goes_up(struct gikev2_group *group,
			 const struct gikev2_plan *plan);

/*
 * Is there a choice for every protocol that the newcomer and all other members
 * can do?  0, or -NO_PROPOSAL.
 */
int gikev2_plan_suits(struct gikev2_group *group,
		      const struct gikev2_gm *newcomer);

/* Members that keep a protocol from its first choice; their number. */
size_t gikev2_plan_holdback(struct gikev2_group *group,
			    struct gikev2_holdback *holdback);

#endif /* GIKEV2_PLAN_H */
