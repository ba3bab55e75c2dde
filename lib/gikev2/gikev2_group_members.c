// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A group's members at its key server: who they are, and how each of them ends.
 */
#include "gikev2/gikev2_admission.h"
#include "gikev2/gikev2_group.h"
#include "gikev2/gikev2_wait.h"

uint32_t gikev2_group_member_count(const struct gikev2_group *group)
{
	return group->gms.identities;
}

bool gikev2_group_has(struct gikev2_group *group,
		      const struct gikev2_id *identity)
{
	return gikev2_gm_find(group, identity, NULL) != NULL;
}

void gikev2_group_members(
	const struct gikev2_group *group,
	bool (*visit)(void *arg, const struct gikev2_group_member_status *),
	void *arg)
{
	for (struct gikev2_gm *gm = group->gms.first; gm; gm = gm->next) {
		struct gikev2_group_member_status status = {
			.identity = gm->id,
			.path = gm->path,
			.registered_since = gm->registered,
			.last_seen = gm->ike ? gm->ike->last_seen
					     : gm->last_seen,
			.generation = gikev2_generation_at(&group->generations,
							   gikev2_gm_acked(gm)),
			.awaited = gikev2_wait_lacks(gm),
			.late = gm->late,
		};

		if (!visit(arg, &status))
			return;
	}
}

int gikev2_group_leave(struct gikev2_gm *gm, int err, uint64_t now)
{
	struct gikev2_group *group = gm->group;
	uint32_t leaf = gm->leaf;
	int ret = gikev2_multicast_exclude(group, leaf, now);

	if (ret < 0)
		gikev2_count(group->engine, ret);
	gikev2_group_arm(group);
	/* still in the tree, since another is on his way out of it */
	if (ret < 0 && group->multicast.leaf_out != leaf)
		return ret;
	gikev2_gm_end(gm, err, now);
	return 0;
}

/* A new Rekey SA for all the others: it has the fewer turns to come again. */
int gikev2_group_left(struct gikev2_gm *gm, int err, uint64_t now)
{
	if (gm->leaf != GIKEV2_LKH_NO_LEAF)
		gikev2_turn_lost(&gm->group->turns, gm->id, now);
	return gikev2_group_leave(gm, err, now);
}

/* Out of the tree, and with its SA when there is no other use for that. */
static int shut_out(struct gikev2_gm *gm, int err, uint64_t now)
{
	struct gikev2_ike *ike = gm->ike;
	int ret = gikev2_group_leave(gm, err, now);

	if (ret == 0 && ike && !ike->gms)
		gikev2_ike_delete(ike, err, now);
	return ret;
}

size_t gikev2_group_end_member(struct gikev2_group *group,
			       const struct gikev2_id *identity, int err,
			       uint64_t now)
{
	struct gikev2_gm *gm, *next;
	size_t count = 0;

	for (gm = gikev2_gm_find(group, identity, NULL); gm; gm = next) {
		next = gikev2_gm_find(group, identity, gm);
		count += shut_out(gm, err, now) == 0;
	}
	gikev2_bury(group->engine);
	return count;
}

/*
 * In one message the Rekey SA that the member cannot follow to, in the next,
 * over that, keys that it has never seen (RFC 9838 section 3.2.1).
 */
int gikev2_group_exclude(struct gikev2_group *group,
			 const struct gikev2_id *identity, uint64_t now)
{
	struct gikev2_gm *gm, *next;
	int count = 0, ret = 0;

	for (gm = gikev2_gm_find(group, identity, NULL); ret == 0 && gm;
	     gm = next) {
		next = gikev2_gm_find(group, identity, gm);
		ret = shut_out(gm, -GIKEV2_ERR_ADMIN, now);
		count += ret == 0;
	}
	/* perhaps it is he who kept the group down */
	if (count)
		group->up_from = 0;
	if (count && group->multicast.leaf_out == GIKEV2_LKH_NO_LEAF)
		ret = gikev2_group_roll(group, true, now);
	else if (count)
		ret = -GIKEV2_ERR_BUSY;
	if (ret < 0) {
		gikev2_count(group->engine, ret);
		group->roll_wanted = group->roll_urgent = true;
		gikev2_timer_set(&group->engine->timers, &group->timer,
				 now + GIKEV2_SECOND);
	}
	gikev2_bury(group->engine);
	return ret < 0 ? ret : count;
}
