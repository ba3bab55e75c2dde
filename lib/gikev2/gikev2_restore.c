// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key server: going on from what an earlier process saved.
 */
#include <string.h>

#include "gikev2/gikev2_group.h"
#include "gikev2/gikev2_plan.h"
#include "gikev2/gikev2_state.h"
#include "gikev2/gikev2_wait.h"

/*
 * A configuration may come line by line: what does not fit what was saved may
 * be about to.
 */
#define SETTLE_TIME (5 * GIKEV2_SECOND)

static bool has_row(const struct gikev2_generation *gen,
		    const struct keytable_row *row)
{
	for (size_t i = 0; i < gen->count; i++)
		if (!gen->replaced[i] &&
		    gen->row[i].protocol == row->protocol &&
		    gen->row[i].algorithm == row->algorithm &&
		    keytable_ipsec_equal(&gen->row[i].ipsec, &row->ipsec))
			return true;
	return false;
}

bool gikev2_group_up_to_date(struct gikev2_group *group)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(&group->generations);
	struct gikev2_plan plan;
	size_t rows = 0;

	if (gikev2_plan_make(group, NULL, GIKEV2_NEVER, &plan) < 0)
		return true; /* no other would be any better */
	for (size_t i = 0; i < gen->count; i++)
		rows += !gen->replaced[i];
	if (rows != plan.count)
		return false;
	for (size_t i = 0; i < plan.count; i++)
		if (!has_row(gen, &plan.row[i]))
			return false;
	return true;
}

/* While we were away the last key's life ended: nobody holds one. */
static int begin_anew(struct gikev2_group *group, uint64_t now)
{
	uint32_t last_id[KEYTABLE_PROTOCOLS];

	memcpy(last_id, group->generations.last_id, sizeof(last_id));
	gikev2_generations_wipe(&group->generations);
	memcpy(group->generations.last_id, last_id, sizeof(last_id));
	for (struct gikev2_gm *gm = group->gms.first; gm; gm = gm->next)
		gm->acked = gm->sent = 0;
	return gikev2_group_begin_keys(group, now);
}

static bool is_over(struct gikev2_group *group, uint64_t now)
{
	const struct gikev2_generation *gen =
		gikev2_youngest(&group->generations);

	for (size_t i = 0; i < gen->count; i++)
		if (gen->row[i].accept_end <= now)
			return true;
	return false;
}

/* Who has neither an SA nor a Rekey SA could not be told of anything. */
static void resume_members(struct gikev2_group *group, uint64_t now)
{
	bool multicast = group->multicast.kek.alive;
	struct gikev2_gm *gm, *next;

	for (gm = group->gms.first; gm; gm = next) {
		next = gm->next;
		group->aways |= gm->away;
		if (!gm->ike && !gm->away && !multicast)
			gikev2_gm_end(gm, -GIKEV2_ERR_STATE, now);
	}
	if (gikev2_group_inband(group))
		gikev2_tell_inband(group, now);
	gikev2_wait_changed(group, now);
}

static int resume(struct gikev2_group *group, uint64_t now)
{
	int ret = gikev2_multicast_resume(group, now);

	gikev2_generations_expire(&group->generations, now);
	if (ret == 0 && is_over(group, now))
		ret = begin_anew(group, now);
	if (ret < 0)
		return ret;
	if (!gikev2_group_up_to_date(group))
		group->settle_at = now + SETTLE_TIME;
	resume_members(group, now);
	gikev2_group_arm(group);
	return 0;
}

/* Ends server SAs without a word, and without forgetting what was saved. */
static void drop_ikes(struct gikev2 *engine, bool all)
{
	struct gikev2_ike *ike, *next;

	for (ike = engine->ikes; ike; ike = next) {
		next = ike->next;
		if (ike->server && (all || (ike->restored && !ike->gms)))
			gikev2_ike_end(ike, -GIKEV2_ERR_STATE, 0);
	}
	engine->ikes_loaded = false;
	gikev2_bury(engine);
}

void gikev2_server_drop(struct gikev2 *engine)
{
	engine->closing = true;
	while (engine->groups)
		gikev2_group_free(engine->groups);
	drop_ikes(engine, true);
	engine->closing = false;
}

int gikev2_group_restore(struct gikev2 *engine, void *cookie,
			 const struct gikev2_group_config *config, uint64_t now,
			 struct gikev2_group **group)
{
	int ret;

	*group = NULL;
	if (!gikev2_group_may_add(engine, config))
		return -GIKEV2_ERR_BAD_POLICY;
	*group = gikev2_group_create(engine, cookie, config);
	if (!*group)
		return -GIKEV2_ERR_NO_MEMORY;
	ret = gikev2_state_load(*group, now);
	if (ret == 0)
		ret = gikev2_group_start(*group, now);
	else if (ret > 0)
		ret = resume(*group, now);
	if (ret < 0) {
		engine->closing = true;
		gikev2_group_free(*group);
		drop_ikes(engine, false);
		engine->closing = false;
		*group = NULL;
	}
	gikev2_bury(engine);
	return ret;
}
