// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Groups that this router is the key server of: between the configuration and
 * the engine's groups.
 */
#include <zebra.h>

#include "log.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_debug.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_advice.h"
#include "mrkmd/mrkm_refusal.h"
#include "mrkmd/mrkm_revoke.h"
#include "mrkmd/mrkm_state.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_KS_GROUP, "MRKM key server's group");

int mrkm_ks_group_cmp(const struct mrkm_ks_group *a,
		      const struct mrkm_ks_group *b)
{
	return strcmp(a->config.name, b->config.name);
}

struct mrkm_ks_group *mrkm_ks_group_find(const char *name)
{
	struct mrkm_ks_group *group;

	frr_each(mrkm_ks_groups, &mrkm.ks_groups, group)
		if (!strcmp(group->config.name, name))
			return group;
	return NULL;
}

/* ----------------------------------------------------------------- members */

/* Registered members that have no entry in `members`. */
struct leavers {
	const struct mrkm_ks_members_head *members;
	struct gikev2_id id[16]; /* the first of them */
	size_t count;
};

static bool find_leaver(void *arg,
			const struct gikev2_group_member_status *status)
{
	struct leavers *leavers = arg;

	if (!mrkm_ks_members_decide(leavers->members, status->identity))
		mrkm_identity_copy(&leavers->id[leavers->count++],
				   status->identity);
	return leavers->count < array_size(leavers->id);
}

static size_t clear_member(struct mrkm_ks_group *group,
			   const struct gikev2_id *identity)
{
	char id[300];
	size_t n = gikev2_group_end_member(group->group, identity,
					   -GIKEV2_ERR_ADMIN, mrkm_now());

	if (n)
		zlog_info(
			"mrkm: group %s: %s is no longer a member and was shut out",
			group->config.name,
			gikev2_id_text(identity, id, sizeof(id)));
	return n;
}

/*
 * Those that are no longer in `members` are shut out.  They know the keys in
 * use, so the group rolls to keys that they do not know.
 */
static void shut_out(struct mrkm_ks_group *group,
		     const struct mrkm_ks_members_head *members)
{
	struct leavers leavers = { .members = members };
	size_t gone = 0;

	if (!group->group)
		return;
	do {
		leavers.count = 0;
		gikev2_group_members(group->group, find_leaver, &leavers);
		for (size_t i = 0; i < leavers.count; i++)
			gone += clear_member(group, &leavers.id[i]);
	} while (leavers.count);
	if (gone && gikev2_group_rekey_urgent(group->group, mrkm_now()))
		zlog_err(
			"mrkm: group %s: no new keys after a member was shut out: run \"mrkm rekey group %s\"",
			group->config.name, group->config.name);
}

void mrkm_ks_expired(struct mrkm_ks_group *group,
		     const struct gikev2_id *identity)
{
	if (group->group)
		gikev2_group_end_member(group->group, identity,
					-GIKEV2_ERR_CERT_EXPIRED, mrkm_now());
}

/* ---------------------------------------------------------------- late members */

#define LATE_SECONDS_MIN 2

static bool tell_late(void *arg,
		      const struct gikev2_group_member_status *status)
{
	struct mrkm_ks_group *group = arg;
	struct gikev2_group_status now;
	char reason[64], id[300];

	gikev2_group_get_status(group->group, mrkm_now(), &now);
	if (status->generation >= now.generation)
		return true;
	snprintf(reason, sizeof(reason), "last heard %" PRIu64 " seconds ago",
		 mrkm_seconds_since(status->last_seen));
	mrkm_log_limited(
		MRKM_LIMIT_LATE, LOG_WARNING,
		"group %s: member late: %s has not acknowledged the new keys, which others send with: %s",
		group->config.name,
		gikev2_id_text(status->identity, id, sizeof(id)), reason);
	mrkm_event_member("member-late", group, status->identity, reason);
	return true;
}

static void look_for_late(struct event *event)
{
	struct mrkm_ks_group *group = EVENT_ARG(event);
	struct gikev2_group_status status;

	if (!group->group)
		return;
	gikev2_group_get_status(group->group, mrkm_now(), &status);
	if (status.pending)
		gikev2_group_members(group->group, tell_late, group);
}

void mrkm_ks_rolled(struct mrkm_ks_group *group)
{
	event_cancel(&group->t_late);
	/* a roll that waits for its members knows by itself who is late */
	if (group->config.engine.rekey.wait)
		return;
	/* acknowledgements take a moment, even where nothing else waits */
	event_add_timer(mrkm.loop, look_for_late, group,
			MAX(group->config.engine.atd, LATE_SECONDS_MIN),
			&group->t_late);
}

/* ------------------------------------------------------------------ groups */

/* With so many members IKE SAs are kept up beside multicast. */
#define IKE_SAS_MAX 256
#define TREE_ROOM_MIN 1024
/* A key that signs may have been replaced, or may be there at last. */
#define SIGNER_SECONDS 10

static struct event *t_signers;

/* What follows from the number of members. */
static void set_sizes(struct mrkm_ks_group *group)
{
	struct gikev2_rekey_config *rekey = &group->config.engine.rekey;
	size_t members = MAX(mrkm_ks_members_count(&group->members),
			     group->config.member_limit);

	rekey->ike_sas_max = IKE_SAS_MAX;
	rekey->members_max = TREE_ROOM_MIN;
	/* a tree that grows is made anew: seldom */
	while (rekey->members_max < members)
		rekey->members_max *= 2;
}

static void stop(struct mrkm_ks_group *group)
{
	if (group->group)
		gikev2_group_del(group->group, mrkm_now());
	group->group = NULL;
}

static void engine_update(struct mrkm_ks_group *group)
{
	char problem[MRKM_PROBLEM_SIZE];
	int err;

	if (!group->config.engine.protocol_count) {
		stop(group);
		return;
	}
	group->config.engine.rekey.key = group->signer.key;
	/* Not signed at all would be worse than not told. */
	if (group->config.rekey.signature_uri[0] && !group->signer.key)
		return;
	set_sizes(group);
	if (group->group) {
		err = gikev2_group_update(group->group, &group->config.engine,
					  mrkm_now());
		if (err)
			zlog_err(
				"mrkm: key server: group %s keeps its old configuration: %s",
				group->config.name, gikev2_err_text(err));
		return;
	}
	if (!mrkm_state_serves())
		return;
	if (!mrkm_exclusions_load(group)) {
		group->error = -GIKEV2_ERR_STATE;
		return;
	}
	group->error = gikev2_group_restore(mrkm.engine, group,
					    &group->config.engine, mrkm_now(),
					    &group->group);
	if (!group->error)
		mrkm_revoke_load(group);
	if (group->error &&
	    mrkm_ks_group_problem(group, problem, sizeof(problem)))
		zlog_err("mrkm: key server: group %s cannot be served: %s",
			 group->config.name, problem);
}

void mrkm_ks_groups_drop(void)
{
	struct mrkm_ks_group *group;

	gikev2_server_drop(mrkm.engine);
	frr_each(mrkm_ks_groups, &mrkm.ks_groups, group)
		group->group = NULL;
}

void mrkm_ks_groups_resume(void)
{
	struct mrkm_ks_group *group;

	frr_each(mrkm_ks_groups, &mrkm.ks_groups, group)
		engine_update(group);
}

/* The key of one group that signs; then the group itself, if it is another. */
static void update_signer(struct mrkm_ks_group *group)
{
	const char *uri = group->config.rekey.signature_uri;
	bool had_problem = group->signer.problem[0];

	if (mrkm_signer_update(&group->signer, uri) && group->signer.key)
		zlog_info("mrkm: group %s: rekey messages are signed with %s",
			  group->config.name, uri);
	if (group->signer.problem[0] && !had_problem)
		zlog_err("mrkm: group %s: %s", group->config.name,
			 group->signer.problem);
}

static void check_signers(struct event *event)
{
	struct mrkm_ks_group *group;
	bool any = false;

	frr_each(mrkm_ks_groups, &mrkm.ks_groups, group) {
		const struct gikev2_key *before = group->signer.key;

		if (!group->config.rekey.signature_uri[0])
			continue;
		any = true;
		update_signer(group);
		if (group->signer.key != before)
			engine_update(group);
	}
	mrkm_engine_reschedule();
	if (any)
		event_add_timer(mrkm.loop, check_signers, NULL, SIGNER_SECONDS,
				&t_signers);
}

void mrkm_ks_group_apply(const struct mrkm_ks_group_config *config,
			 struct mrkm_ks_members_head *members)
{
	struct mrkm_ks_group *group = mrkm_ks_group_find(config->name);

	if (!group) {
		group = XCALLOC(MTYPE_MRKM_KS_GROUP, sizeof(*group));
		mrkm_ks_members_init(&group->members);
		mrkm_exclusions_init(&group->exclusions);
		strlcpy(group->config.name, config->name,
			sizeof(group->config.name));
		mrkm_ks_groups_add(&mrkm.ks_groups, group);
	} else if (!gikev2_id_equal(&group->config.engine.id,
				    &config->engine.id)) {
		/* Another identity is another group. */
		stop(group);
		mrkm_exclusions_forget(group);
	}
	group->before = group->config;
	group->config = *config;
	group->configured = true;
	shut_out(group, members);
	mrkm_ks_members_swap_all(&group->members, members);
	update_signer(group);
	engine_update(group);
	/* what was kept is read by now */
	mrkm_exclusions_prune(group);
	if (group->config.rekey.signature_uri[0])
		event_add_timer(mrkm.loop, check_signers, NULL, SIGNER_SECONDS,
				&t_signers);
}

void mrkm_ks_group_del(struct mrkm_ks_group *group)
{
	stop(group);
	mrkm_exclusions_forget(group);
	mrkm_ks_group_free(group);
}

void mrkm_ks_group_free(struct mrkm_ks_group *group)
{
	mrkm_ks_groups_del(&mrkm.ks_groups, group);
	mrkm_refusal_forget(group, NULL);
	mrkm_ks_members_free(&group->members);
	mrkm_ks_members_fini(&group->members);
	mrkm_exclusions_free(group);
	mrkm_exclusions_fini(&group->exclusions);
	event_cancel(&group->t_late);
	mrkm_signer_fini(&group->signer);
	if (!mrkm_ks_groups_count(&mrkm.ks_groups))
		event_cancel(&t_signers);
	XFREE(MTYPE_MRKM_KS_GROUP, group);
}

bool mrkm_server_listens(const struct gikev2_endpoint *local)
{
	if (!mrkm.base.key_server)
		return false;
	if (!mrkm.base.listen_count)
		return true;
	for (size_t i = 0; i < mrkm.base.listen_count; i++)
		if (mrkm.base.listen[i].family == local->family &&
		    !memcmp(mrkm.base.listen[i].ip, local->ip,
			    sizeof(local->ip)))
			return true;
	return false;
}

/* ----------------------------------------------------------------- problem */

bool mrkm_ks_group_problem(const struct mrkm_ks_group *group, char *buf,
			   size_t size)
{
	buf[0] = '\0';
	if (mrkm_io_problem(buf, size))
		return true;
	if (!group->config.engine.protocol_count)
		strlcpy(buf, "no protocol: configure \"protocol\"", size);
	else if (group->signer.problem[0])
		strlcpy(buf, group->signer.problem, size);
	else if (mrkm_state_problem(buf, size))
		return true;
	else if (!group->group)
		snprintf(buf, size, "%s: %s", gikev2_err_text(group->error),
			 mrkm_advice(group->error));
	else if (!mrkm_ks_members_count(&group->members))
		strlcpy(buf, "no member: configure \"member\"", size);
	else
		return mrkm_ks_members_problem(group, buf, size);
	return true;
}
