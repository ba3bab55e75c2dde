// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key server: what a newcomer means for the group's keys.  He may not be able
 * to do what all others can, he may need an SA of his own to send on, and
 * Sender-IDs.
 */
#include "gikev2/gikev2_admission.h"
#include "gikev2/gikev2_group.h"
#include "gikev2/gikev2_sender.h"
#include "gikev2/gikev2_wait.h"

/* Can it do what the group uses now, as far as it listed it? */
static bool follows(struct gikev2_group *group, const struct gikev2_gm *gm)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(gikev2_group_generations(group));

	for (size_t i = 0; i < gen->count; i++)
		if (!gen->replaced[i] && gikev2_lists(&gm->can, &gen->row[i]) &&
		    !gikev2_can(&gm->can, &gen->row[i]))
			return false;
	return true;
}

/* A roll to what all can do, the newcomer among them. */
static int adapt(struct gikev2_group *group, struct gikev2_gm *gm, uint64_t now)
{
	const struct gikev2_group_config *config = gikev2_group_config(group);
	uint64_t wait = gikev2_group_inband(group) ? gikev2_wait_time(group)
						   : 0;
	uint64_t span = (config->dtd - config->atd) * GIKEV2_SECOND;
	uint64_t atd = gikev2_group_atd_end(group, wait, now) - now;
	struct gikev2_plan plan;
	int ret = gikev2_plan_suits(group, gm);
	bool up;

	if (ret == 0)
		ret = gikev2_plan_make(group, gm, now, &plan);
	up = ret == 0 && gikev2_plan_goes_up(group, &plan);
	if (ret == 0)
		ret = gikev2_generation_add(gikev2_group_engine(group),
					    gikev2_group_generations(group),
					    &plan, atd, atd + span + wait, now);
	if (ret < 0)
		return ret;
	if (up)
		group->up_from = now + GIKEV2_UP_AGAIN;
	gikev2_wait_begin(group, wait, now);
	gikev2_group_changed(group, now);
	return 0;
}

/*
 * Fresh SAs to send on, even for one that registers again: it may have lost
 * count of what it sent.
 */
static int add_own_sas(struct gikev2_group *group, struct gikev2_gm *gm,
		       uint64_t now)
{
	struct gikev2 *engine = gikev2_group_engine(group);
	struct gikev2_plan plan;
	int ret = gikev2_plan_make(group, gm, now, &plan);
	uint64_t own = gikev2_sender_digest(engine, gm->id);
	/* until it knows of the new ones, it sends with what it has */
	uint64_t dtd = gikev2_group_config(group)->dtd * GIKEV2_SECOND;
	bool added = false;

	for (size_t i = 0; ret == 0 && i < plan.count; i++) {
		if (plan.row[i].ipsec.sender != own)
			continue;
		ret = gikev2_generation_add_sender(
			engine, gikev2_group_generations(group), &plan.row[i],
			plan.lifetime[i], dtd, now);
		added = true;
	}
	if (added)
		gikev2_group_changed(group, now);
	return ret;
}

/* Who may only receive from now on is not given what it sent with. */
static void end_own_sas(struct gikev2_group *group, const struct gikev2_gm *gm)
{
	uint64_t own = gikev2_sender_digest(gikev2_group_engine(group), gm->id);

	if (gikev2_generations_end_sender(gikev2_group_generations(group), own))
		gikev2_group_unsaved(group);
}

static bool needs_sender_ids(struct gikev2_group *group,
			     const struct gikev2_gm *gm)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(gikev2_group_generations(group));

	for (size_t i = 0; gm->senders && i < gen->count; i++)
		if (!gen->row[i].algorithm &&
		    keytable_suite_counter(&gen->row[i].ipsec.suite) &&
		    gikev2_can(&gm->can, &gen->row[i]))
			return true;
	return false;
}

static bool has_per_sender(const struct gikev2_group_config *config)
{
	for (size_t i = 0; i < config->protocol_count; i++)
		if (config->protocols[i].per_sender)
			return true;
	return false;
}

int gikev2_admission(struct gikev2_group *group, struct gikev2_gm *gm,
		     uint64_t now)
{
	bool per_sender = has_per_sender(gikev2_group_config(group));
	int ret = 0;

	if (per_sender && !gm->senders)
		end_own_sas(group, gm);
	if (!follows(group, gm))
		ret = adapt(group, gm, now);
	else if (per_sender && gm->senders)
		ret = add_own_sas(group, gm, now);
	if (ret == 0 && needs_sender_ids(group, gm) &&
	    !gikev2_sender_ids_left(group)) {
		gikev2_group_clear(group, now);
		ret = -GIKEV2_ERR_SENDER_ID;
	}
	if (ret == 0 || ret == -GIKEV2_ERR_NO_PROPOSAL)
		return ret;
	/* too many senders, too many rolls: a matter of the group's */
	gikev2_count(gikev2_group_engine(group), ret);
	return -GIKEV2_ERR_REGISTRATION_FAILED;
}

/* ---------------------------------------------------------------------- turns */

/* A router that boots again and again, or that an operator clears, needs a few. */
#define TURNS_AT_ONCE 10
#define TURN_TIME (2 * GIKEV2_SECOND)

/* Until when the turns that it had will do. */
static uint64_t *due_of(struct gikev2_turns *turns, const struct gikev2_id *id,
			uint64_t now)
{
	/* who has a choice of names with one hash has turns enough by them */
	uint64_t name = gikev2_id_hash(id, 1);
	uint64_t *due = &turns->at[name % GIKEV2_TURNS].due;

	if (turns->at[name % GIKEV2_TURNS].name != name || *due < now)
		*due = now;
	turns->at[name % GIKEV2_TURNS].name = name;
	return due;
}

bool gikev2_turn(struct gikev2_turns *turns, const struct gikev2_id *id,
		 uint64_t now)
{
	uint64_t *due = due_of(turns, id, now);

	if (*due >= now + TURNS_AT_ONCE * TURN_TIME)
		return false;
	*due += TURN_TIME;
	return true;
}

void gikev2_turn_lost(struct gikev2_turns *turns, const struct gikev2_id *id,
		      uint64_t now)
{
	*due_of(turns, id, now) += TURN_TIME;
}
