// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key server: telling members of new keys, and waiting for them.
 */
#include "gikev2/gikev2_state.h"
#include "gikev2/gikev2_wait.h"

/*
 * So many members are told, or given up, before others have their turn at the
 * event loop: about a millisecond of work.
 */
#define SLICE 64
/* Until the next ones: their answers want to be read meanwhile, too. */
#define SLICE_TIME (2 * GIKEV2_SECOND / 1000)
/* Those that need nothing cost a microsecond, for none is in a cache. */
#define SLICE_LOOKS 1024
/* Acknowledgements that come together are looked at together. */
#define CHECK_TIME (GIKEV2_SECOND / 50)

static struct gikev2_generation *youngest(struct gikev2_group *group)
{
	return gikev2_youngest(&group->generations);
}

bool gikev2_wait_on(const struct gikev2_group *group)
{
	const struct gikev2_generations *all = &group->generations;

	return all->count && all->gen[all->count - 1].stage;
}

/* Members that were passed may lack something now, or be away. */
static void walk_anew(struct gikev2_group *group)
{
	group->missing.begun = group->giving_up.begun = false;
}

static void walk_begin(struct gikev2_group *group, struct gikev2_walk *walk)
{
	if (!walk->begun)
		*walk = (struct gikev2_walk){ true, group->gms.first };
}

static void walk_without(struct gikev2_walk *walk, const struct gikev2_gm *gm)
{
	if (walk->begun && walk->at == gm)
		walk->at = gm->next;
}

/* ------------------------------------------------------------------- telling */

static void tell_slice(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_gm *gm = group->telling;

	for (int looks = 0, told = 0; gm && looks < SLICE_LOOKS && told < SLICE;
	     looks++) {
		struct gikev2_gm *this = gm;

		gm = gm->next;
		/* telling it may be its end, and the next one's */
		group->telling = gm;
		if (!this->ike || (!this->cleared &&
				   this->acked >= group->generations.changes))
			continue;
		told++;
		gikev2_want(this->ike, GIKEV2_WANT_REKEY, now);
		gm = group->telling;
	}
	group->telling = gm;
	if (gm)
		group->slice_at = now + SLICE_TIME;
}

void gikev2_tell_inband(struct gikev2_group *group, uint64_t now)
{
	walk_anew(group);
	group->telling = group->gms.first;
	tell_slice(group, now);
	gikev2_group_arm(group);
}

int gikev2_tell(struct gikev2_group *group, uint64_t now)
{
	int ret = 0;

	if (group->multicast.kek.alive)
		ret = gikev2_multicast_keys(group, now);
	group->tell_wanted = ret < 0;
	group->unsaved = true;
	if (ret == 0 && gikev2_group_inband(group))
		gikev2_tell_inband(group, now);
	return ret;
}

/* Who cannot answer counts as one who did. */
uint64_t gikev2_gm_acked(const struct gikev2_gm *gm)
{
	struct gikev2_group *group = gm->group;

	if (!group->multicast.kek.alive ||
	    (gikev2_group_inband(group) && (gm->ike || gm->away)))
		return gm->acked;
	return group->generations.changes;
}

void gikev2_wait_without(const struct gikev2_gm *gm)
{
	struct gikev2_group *group = gm->group;

	if (group->telling == gm)
		group->telling = gm->next;
	walk_without(&group->missing, gm);
	walk_without(&group->giving_up, gm);
}

/* ------------------------------------------------------------------- waiting */

uint64_t gikev2_wait_time(const struct gikev2_group *group)
{
	uint64_t wait = group->config.rekey.wait * GIKEV2_SECOND;
	uint64_t room = gikev2_group_wait_room(&group->config);

	return wait < room ? wait : room;
}

void gikev2_wait_begin(struct gikev2_group *group, uint64_t wait, uint64_t now)
{
	struct gikev2_generations *all = &group->generations;
	struct gikev2_generation *gen = youngest(group);

	walk_anew(group);
	group->check_at = group->quiet_since = 0;
	for (size_t i = 0; !wait && i < all->count; i++)
		all->gen[i].stage = GIKEV2_STAGE_SETTLED;
	if (!wait)
		return;
	gen->stage = GIKEV2_STAGE_ANNOUNCED;
	gen->wait_end = gen->atd_end - group->config.atd * GIKEV2_SECOND;
	gikev2_wait_changed(group, now);
}

bool gikev2_wait_lacks(const struct gikev2_gm *gm)
{
	const struct gikev2_generations *all = &gm->group->generations;

	return gikev2_wait_on(gm->group) && (gm->ike || gm->away) &&
	       !gm->late && gm->acked < all->gen[all->count - 1].told;
}

void gikev2_wait_lost(struct gikev2_gm *gm)
{
	gm->away = gikev2_wait_on(gm->group);
	gm->group->aways |= gm->away;
	walk_anew(gm->group);
}

void gikev2_wait_again(struct gikev2_gm *gm)
{
	gm->late = false;
	walk_anew(gm->group);
}

uint64_t gikev2_wait_at_registration(const struct gikev2_gm *gm, size_t given)
{
	const struct gikev2_generations *all = &gm->group->generations;

	if (given + 1 < all->count)
		return all->gen[given + 1].change - 1;
	if (!gikev2_wait_on(gm->group))
		return all->changes;
	/* told one generation at a time, it would go back to older ones */
	return gm->profile ? 0 : all->gen[all->count - 1].told - 1;
}

void gikev2_wait_registered(struct gikev2_gm *gm, uint64_t now)
{
	struct gikev2_group *group = gm->group;

	gm->late = false;
	if (!gm->ike || gm->acked >= group->generations.changes)
		return;
	if (!gikev2_group_inband(group)) {
		gikev2_multicast_remind(group, now);
		return;
	}
	/* it is the first in the list, and its SA is not ready yet */
	group->telling = group->gms.first;
	walk_anew(group);
	group->quiet_since = 0;
	group->slice_at = now + 1;
	gikev2_group_arm(group);
}

void gikev2_wait_changed(struct gikev2_group *group, uint64_t now)
{
	if (!gikev2_wait_on(group) ||
	    (group->check_at && group->check_at <= now + CHECK_TIME))
		return;
	group->check_at = now + CHECK_TIME;
	gikev2_group_arm(group);
}

enum found {
	NOBODY,
	SOMEBODY,
	NOT_YET
};

/* The walk stays at whoever is missing, and goes on from there. */
static enum found find_missing(struct gikev2_group *group)
{
	struct gikev2_walk *walk = &group->missing;

	walk_begin(group, walk);
	for (int looks = 0; walk->at; walk->at = walk->at->next) {
		if (gikev2_wait_lacks(walk->at))
			return SOMEBODY;
		if (looks++ == SLICE_LOOKS)
			return NOT_YET;
	}
	return NOBODY;
}

/* Do all of them understand that a delay is shortened? */
static bool all_by_profile(const struct gikev2_group *group)
{
	return !group->gms.foreign;
}

/* The same keys with other delays: a change that members are told of. */
static int retell(struct gikev2_group *group, enum gikev2_stage stage,
		  uint64_t now)
{
	struct gikev2_generation *gen = youngest(group);

	/* also if telling fails: nobody has it yet */
	walk_anew(group);
	group->quiet_since = 0;
	gen->stage = stage;
	gen->told = ++group->generations.changes;
	return gikev2_tell(group, now);
}

/* Its keys are sent with from then on, if not sooner. */
static void switch_at(struct gikev2_generation *gen, uint64_t at)
{
	if (gen->atd_end > at)
		gen->atd_end = at;
	for (size_t i = 0; i < gen->count; i++)
		if (gen->row[i].send_start > at)
			gen->row[i].send_start = at;
}

/* Everybody that there is has acknowledged what was told last. */
static int go_on(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_generation *gen = youngest(group);
	uint64_t atd = group->config.atd * GIKEV2_SECOND;
	uint64_t dtd = group->config.dtd * GIKEV2_SECOND;
	uint64_t end;

	if (!all_by_profile(group)) {
		gen->stage = GIKEV2_STAGE_SETTLED;
		group->unsaved = true;
		return 0;
	}
	if (gen->stage == GIKEV2_STAGE_SWITCHING) {
		end = group->quiet_since + dtd;
		/* soon after a start without a past, ATD was longer */
		if (end < gen->atd_end - atd + dtd)
			end = gen->atd_end - atd + dtd;
		if (gen->dtd_end > end)
			gen->dtd_end = end;
		return retell(group, GIKEV2_STAGE_SETTLED, now);
	}
	switch_at(gen, gikev2_group_atd_end(group, 0, now));
	gen->wait_end = gen->dtd_end - dtd;
	return retell(group, GIKEV2_STAGE_SWITCHING, now);
}

static void give_up_member(struct gikev2_gm *gm, bool late, uint64_t now)
{
	bool gone = gm->away && !gm->group->multicast.kek.alive;

	if (late)
		gikev2_gm_event(gm, GIKEV2_EVENT_MEMBER_LATE,
				-GIKEV2_ERR_TIMEOUT, now);
	gm->late = true;
	gm->away = false;
	gikev2_gm_changed(gm);
	if (gone)
		gikev2_gm_end(gm, -GIKEV2_ERR_TIMEOUT, now);
}

/* Of a roll that another one followed: what was announced with it stands, so
 * that who has nothing of it by then is late. */
static bool lacks_older(const struct gikev2_gm *gm,
			const struct gikev2_generation *gen)
{
	return gen->stage == GIKEV2_STAGE_ANNOUNCED && (gm->ike || gm->away) &&
	       !gm->late && gm->acked < gen->change;
}

/* Those that lack that roll; false: there are more of them. */
static bool give_up_slice(struct gikev2_group *group,
			  const struct gikev2_generation *gen, uint64_t now)
{
	bool last = gen == youngest(group);
	struct gikev2_walk *walk = &group->giving_up;
	int count = 0;

	if (group->giving_up_change != gen->change)
		walk->begun = false;
	group->giving_up_change = gen->change;
	walk_begin(group, walk);
	for (int looks = 0; walk->at && looks < SLICE_LOOKS && count < SLICE;
	     looks++) {
		struct gikev2_gm *gm = walk->at;
		bool late = last ? gikev2_wait_lacks(gm) : lacks_older(gm, gen);

		walk->at = gm->next;
		if (!late && !(last && gm->away))
			continue;
		count++;
		give_up_member(gm, late, now);
		/* its end may be that of others, too */
		walk_begin(group, walk);
	}
	return !walk->at;
}

/*
 * The wait is over.  What was announced takes its course; who has lost his SA is
 * gone now.
 */
static void give_up(struct gikev2_group *group, struct gikev2_generation *gen,
		    uint64_t now)
{
	bool last = gen == youngest(group);

	if (!give_up_slice(group, gen, now)) {
		group->slice_at = now + SLICE_TIME;
		return;
	}
	group->giving_up.begun = false;
	gen->stage = GIKEV2_STAGE_SETTLED;
	if (last)
		group->aways = false;
	group->unsaved = true;
	gikev2_wait_changed(group, now);
}

/* The first one whose wait is over; NULL: none is. */
static struct gikev2_generation *overdue(struct gikev2_group *group,
					 uint64_t now)
{
	struct gikev2_generations *all = &group->generations;

	for (size_t i = 0; i < all->count; i++)
		if (all->gen[i].stage && all->gen[i].wait_end <= now)
			return &all->gen[i];
	if (group->aways && !gikev2_wait_on(group))
		return youngest(group);
	return NULL;
}

uint64_t gikev2_wait_next(const struct gikev2_group *group)
{
	const struct gikev2_generations *all = &group->generations;
	uint64_t at = GIKEV2_NEVER;

	for (size_t i = 0; i < all->count; i++)
		if (all->gen[i].stage && all->gen[i].wait_end < at)
			at = all->gen[i].wait_end;
	if (gikev2_wait_on(group) && group->check_at && group->check_at < at)
		at = group->check_at;
	if (group->telling || (group->aways && !gikev2_wait_on(group)))
		at = 0;
	return at < group->slice_at ? group->slice_at : at;
}

/* Have all acknowledged?  Then it goes on with the next stage. */
static int check(struct gikev2_group *group, uint64_t now)
{
	enum found found = find_missing(group);

	/* others have their turn before the rest is looked at */
	group->check_at = found == NOT_YET ? now + 1 : 0;
	if (found == SOMEBODY)
		group->quiet_since = 0;
	if (found != NOBODY)
		return 0;
	if (!group->quiet_since)
		group->quiet_since = now;
	/* who registers before that may be slow to hear the answer, too */
	if (youngest(group)->stage == GIKEV2_STAGE_SWITCHING &&
	    youngest(group)->atd_end > now) {
		group->check_at = youngest(group)->atd_end;
		return 0;
	}
	return go_on(group, now);
}

int gikev2_wait_run(struct gikev2_group *group, uint64_t now)
{
	struct gikev2_generation *gen = overdue(group, now);

	if (group->telling)
		tell_slice(group, now);
	if (gen) {
		give_up(group, gen, now);
		return 0;
	}
	if (!gikev2_wait_on(group) || !group->check_at || group->check_at > now)
		return 0;
	return check(group, now);
}

const char *gikev2_wait_text(enum gikev2_wait wait)
{
	static const char *const texts[GIKEV2_WAIT_MAX] = {
		[GIKEV2_WAIT_NONE] = "none",
		[GIKEV2_WAIT_KEY] = "all members to have the new key",
		[GIKEV2_WAIT_SWITCH] = "all members to send with the new key",
	};

	return wait < GIKEV2_WAIT_MAX ? texts[wait] : "?";
}

void gikev2_wait_status(struct gikev2_group *group,
			struct gikev2_group_status *status)
{
	const struct gikev2_generation *gen = youngest(group);

	if (!gikev2_wait_on(group))
		return;
	status->wait = gen->stage == GIKEV2_STAGE_ANNOUNCED
			       ? GIKEV2_WAIT_KEY
			       : GIKEV2_WAIT_SWITCH;
	status->wait_end = gen->wait_end;
	for (struct gikev2_gm *gm = group->gms.first; gm; gm = gm->next)
		status->awaited += gikev2_wait_lacks(gm);
}
