// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may join the groups of this key server, and how they prove who they are.
 */
#include <zebra.h>

#include "log.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_pattern.h"
#include "mrkmd/mrkm_psk.h"
#include "mrkmd/mrkm_revoke.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_KS_MEMBER, "MRKM key server's member");
DEFINE_MTYPE_STATIC(MRKMD, MRKM_KS_MEMBER_NAME,
		    "MRKM key server's member's name");
DEFINE_MTYPE_STATIC(MRKMD, MRKM_KS_MEMBER_PPK,
		    "MRKM key server's member's PPK");

int mrkm_ks_member_cmp(const struct mrkm_ks_member *a,
		       const struct mrkm_ks_member *b)
{
	/* patterns stand behind all others */
	if (a->pattern != b->pattern)
		return numcmp(a->pattern, b->pattern);
	if (a->identity.type != b->identity.type)
		return numcmp(a->identity.type, b->identity.type);
	if (a->identity.len != b->identity.len)
		return numcmp(a->identity.len, b->identity.len);
	return memcmp(a->identity.data, b->identity.data, a->identity.len);
}

static char *copy_name(const char *name)
{
	return name ? XSTRDUP(MTYPE_MRKM_KS_MEMBER_NAME, name) : NULL;
}

struct mrkm_ks_member *
mrkm_ks_member_new(const struct mrkm_ks_member_config *config)
{
	struct mrkm_ks_member *member =
		XCALLOC(MTYPE_MRKM_KS_MEMBER, sizeof(*member));
	size_t size = config->ppk_count * sizeof(config->ppks[0]);

	mrkm_identity_copy(&member->identity, &config->identity);
	member->pattern = config->pattern;
	member->receiver_only = config->receiver_only;
	member->psk_file = copy_name(config->psk_file);
	member->certificate = config->certificate;
	member->trust_anchor = copy_name(config->trust_anchor);
	member->ppk_count = config->ppk_count;
	if (size) {
		member->ppks = XMALLOC(MTYPE_MRKM_KS_MEMBER_PPK, size);
		memcpy(member->ppks, config->ppks, size);
	}
	return member;
}

void mrkm_ks_member_free(struct mrkm_ks_member *member)
{
	XFREE(MTYPE_MRKM_KS_MEMBER_NAME, member->psk_file);
	XFREE(MTYPE_MRKM_KS_MEMBER_NAME, member->trust_anchor);
	XFREE(MTYPE_MRKM_KS_MEMBER_PPK, member->ppks);
	XFREE(MTYPE_MRKM_KS_MEMBER, member);
}

void mrkm_ks_members_free(struct mrkm_ks_members_head *members)
{
	struct mrkm_ks_member *member;

	while ((member = mrkm_ks_members_pop(members)))
		mrkm_ks_member_free(member);
}

/* Of all that match. */
static const struct mrkm_ks_member *
most_exact(const struct mrkm_ks_members_head *members,
	   const struct gikev2_id *identity)
{
	const struct mrkm_ks_member *member, *best = NULL;
	struct mrkm_ks_member first = { .pattern = true };
	int rank, best_rank = -1;

	for (member = mrkm_ks_members_const_find_gteq(members, &first); member;
	     member = mrkm_ks_members_const_next(members, member)) {
		if (!mrkm_pattern_match(&member->identity, identity))
			continue;
		rank = mrkm_pattern_rank(&member->identity);
		if (rank > best_rank) {
			best = member;
			best_rank = rank;
		}
	}
	return best;
}

const struct mrkm_ks_member *
mrkm_ks_members_decide(const struct mrkm_ks_members_head *members,
		       const struct gikev2_id *identity)
{
	const struct mrkm_ks_member *member;
	struct mrkm_ks_member own = {};

	mrkm_identity_copy(&own.identity, identity);
	member = mrkm_ks_members_const_find(members, &own);
	return member ? member : most_exact(members, identity);
}

const struct mrkm_ks_member *
mrkm_ks_member_find(const struct mrkm_ks_group *group,
		    const struct gikev2_id *identity)
{
	return mrkm_ks_members_decide(&group->members, identity);
}

/* --------------------------------------------------------------- callbacks */

/*
 * The entry of `peer` in *group, else in any group, which *group then is.  A
 * member of another group can prove who it is, and is then told that it may not
 * join this one, which says more than a failed authentication.
 */
static const struct mrkm_ks_member *credential_of(struct mrkm_ks_group **group,
						  const struct gikev2_id *peer)
{
	const struct mrkm_ks_member *member =
		*group ? mrkm_ks_member_find(*group, peer) : NULL;
	struct mrkm_ks_group *other;

	if (member)
		return member;
	frr_each(mrkm_ks_groups, &mrkm.ks_groups, other) {
		member = mrkm_ks_member_find(other, peer);
		*group = other;
		if (member)
			return member;
	}
	return NULL;
}

int mrkm_ks_psk(struct mrkm_ks_group *group, const struct gikev2_id *peer,
		struct gikev2_secret *secret)
{
	const struct mrkm_ks_member *member = credential_of(&group, peer);
	char problem[512], id[300];

	if (!member || !member->psk_file)
		return -GIKEV2_ERR_NO_CREDENTIAL;
	if (!mrkm_psk_read(member->psk_file, secret, problem, sizeof(problem)))
		return 0;
	mrkm_log_limited(MRKM_LIMIT_PSK, LOG_ERR, "key server: member %s: %s",
			 gikev2_id_text(peer, id, sizeof(id)), problem);
	return -GIKEV2_ERR_NO_CREDENTIAL;
}

/* GIKEV2_BY_*: how the member may prove who it is. */
static uint8_t member_ways(const struct mrkm_ks_group *group,
			   const struct mrkm_ks_member *member)
{
	uint8_t ways = (member->psk_file ? GIKEV2_BY_PSK : 0) |
		       (member->certificate ? GIKEV2_BY_CERTIFICATE : 0);

	return group->config.auth.peer ? ways & group->config.auth.peer : ways;
}

/* ... and how we do: as the member does, unless the configuration says so. */
static uint8_t own_ways(const struct mrkm_ks_group *group,
			const struct mrkm_ks_member *member)
{
	uint8_t ways = GIKEV2_BY_CERTIFICATE;

	if (member->psk_file)
		ways |= GIKEV2_BY_PSK;
	return group->config.auth.own ? ways & group->config.auth.own : ways;
}

/* What everybody is told before he said who he is. */
static void announce(struct gikev2_auth_policy *policy)
{
	if (!mrkm_auth_trust()->config.anchor_count)
		return;
	policy->peer = GIKEV2_BY_CERTIFICATE;
	mrkm_auth_complete(policy, "");
}

void mrkm_ks_auth_policy(struct mrkm_ks_group *group,
			 const struct gikev2_id *peer,
			 struct gikev2_auth_policy *policy)
{
	const struct mrkm_ks_member *member;

	if (!peer) {
		announce(policy);
		return;
	}
	member = credential_of(&group, peer);
	if (!member)
		return;
	policy->own = own_ways(group, member);
	policy->peer = member_ways(group, member);
	mrkm_auth_complete(policy,
			   member->trust_anchor ? member->trust_anchor : "");
}

/* ---------------------------------------------------------------------- PPK */

static bool any_ppk(void)
{
	const struct mrkm_ks_member *member;
	const struct mrkm_ks_group *group;

	frr_each(mrkm_ks_groups_const, &mrkm.ks_groups, group) {
		if (group->config.ppk_count)
			return true;
		frr_each(mrkm_ks_members_const, &group->members, member)
			if (member->ppk_count)
				return true;
	}
	return false;
}

/* Of those that a member may use, the one with the ID that it named. */
static int choose_ppk(const struct mrkm_ppk_config *ppks, size_t count,
		      const struct gikev2_id *peer, struct gikev2_ppk *ppk)
{
	char id[300], whose[400];
	bool required = false;
	int ret = -GIKEV2_ERR_NO_CREDENTIAL;

	snprintf(whose, sizeof(whose), "key server: member %s",
		 gikev2_id_text(peer, id, sizeof(id)));
	for (size_t i = 0; i < count; i++) {
		required |= ppks[i].required;
		if (ppk->id_len && strlen(ppks[i].id) == ppk->id_len &&
		    !memcmp(ppks[i].id, ppk->id, ppk->id_len))
			ret = mrkm_auth_ppk(&ppks[i], whose, ppk);
	}
	ppk->mandatory = required;
	return ret;
}

int mrkm_ks_ppk(struct mrkm_ks_group *group, const struct gikev2_id *peer,
		struct gikev2_ppk *ppk)
{
	const struct mrkm_ks_member *member;

	if (!peer)
		return any_ppk() ? 0 : -GIKEV2_ERR_NO_CREDENTIAL;
	member = credential_of(&group, peer);
	if (!member)
		return -GIKEV2_ERR_NO_CREDENTIAL;
	if (member->ppk_count)
		return choose_ppk(member->ppks, member->ppk_count, peer, ppk);
	return choose_ppk(group->config.ppks, group->config.ppk_count, peer,
			  ppk);
}

/* -------------------------------------------------------------- authorization */

bool mrkm_ks_registered(const struct mrkm_ks_group *group,
			const struct gikev2_id *identity)
{
	return group->group && gikev2_group_has(group->group, identity);
}

bool mrkm_ks_registered_by(const struct mrkm_ks_group *group,
			   const struct gikev2_id *identity, const uint8_t *der,
			   size_t len)
{
	return group->group &&
	       gikev2_group_has_certificate(group->group, identity, der, len);
}

/* Who has the key of a pattern has any number of names. */
static bool is_unbounded(const struct mrkm_ks_member *member)
{
	return member->pattern && member->psk_file;
}

uint32_t mrkm_ks_default_limit(const struct mrkm_ks_group *group)
{
	const struct mrkm_ks_member *member;

	if (group->config.member_limit)
		return 0;
	frr_each(mrkm_ks_members_const, &group->members, member)
		if (is_unbounded(member))
			return MRKM_MEMBER_LIMIT_DEFAULT;
	return 0;
}

/* Who is in may come again. */
static bool is_full(const struct mrkm_ks_group *group,
		    const struct mrkm_ks_member *member,
		    const struct gikev2_id *peer)
{
	uint32_t limit = group->config.member_limit;

	if (!limit && is_unbounded(member))
		limit = MRKM_MEMBER_LIMIT_DEFAULT;
	return limit && group->group &&
	       gikev2_group_member_count(group->group) >= limit &&
	       !mrkm_ks_registered(group, peer);
}

static bool ppk_is_ours(const struct mrkm_ppk_config *config,
			const struct gikev2_id *peer)
{
	struct gikev2_ppk ppk = {};
	char id[300], whose[400];
	bool same;

	snprintf(whose, sizeof(whose), "key server: member %s",
		 gikev2_id_text(peer, id, sizeof(id)));
	same = !mrkm_auth_ppk(config, whose, &ppk) &&
	       gikev2_asking_with_ppk(mrkm.engine, &ppk);
	explicit_bzero(&ppk, sizeof(ppk));
	return same;
}

/* Where one is required, one of those that this group has for the member. */
static bool ppk_will_do(const struct mrkm_ks_group *group,
			const struct mrkm_ks_member *member,
			const struct gikev2_id *peer)
{
	const struct mrkm_ppk_config *ppks =
		member->ppk_count ? member->ppks : group->config.ppks;
	size_t count = member->ppk_count ? member->ppk_count
					 : group->config.ppk_count;
	bool required = false;

	for (size_t i = 0; i < count; i++)
		required |= ppks[i].required;
	if (gikev2_asking_proved(mrkm.engine))
		return !required || gikev2_asking_ppk(mrkm.engine);
	for (size_t i = 0; required && i < count; i++)
		if (ppk_is_ours(&ppks[i], peer))
			return true;
	return !required;
}

/* A key that is shared with others in another group proves nothing here. */
static bool proved_by_psk(const struct mrkm_ks_member *member)
{
	struct gikev2_secret secret;
	char problem[512];
	bool same;

	if (gikev2_asking_proved(mrkm.engine))
		return true;
	if (!member->psk_file ||
	    mrkm_psk_read(member->psk_file, &secret, problem, sizeof(problem)))
		return false;
	same = gikev2_asking_psk(mrkm.engine, &secret);
	explicit_bzero(&secret, sizeof(secret));
	return same;
}

static bool proved_by(const struct mrkm_ks_group *group,
		      const struct mrkm_ks_member *member,
		      const struct gikev2_id *peer)
{
	uint8_t way = gikev2_asking_way(mrkm.engine);

	if (!(way & member_ways(group, member)))
		return false;
	if (way == GIKEV2_BY_PSK)
		return proved_by_psk(member);
	return !member->trust_anchor ||
	       mrkm_revoke_leads_to(peer, member->trust_anchor);
}

/*
 * Over one IKE SA a peer may ask for several groups, and what it proved its
 * identity with for the first is perhaps not enough for the next: whoever has
 * the key of a whole pattern there could call itself anything here.
 */
static bool proved_enough(const struct mrkm_ks_group *group,
			  const struct mrkm_ks_member *member,
			  const struct gikev2_id *peer)
{
	char id[300];

	if (proved_by(group, member, peer) && ppk_will_do(group, member, peer))
		return true;
	mrkm_log_limited(
		MRKM_LIMIT_PROOF, LOG_WARNING,
		"group %s: what %s proved its identity with for another group is not enough for this one: give it the same \"member\" line in both",
		group->config.name, gikev2_id_text(peer, id, sizeof(id)));
	return false;
}

/* Default deny: who has no entry may not. */
int mrkm_ks_authorize(struct mrkm_ks_group *group, const struct gikev2_id *peer)
{
	const struct mrkm_ks_member *member =
		group ? mrkm_ks_member_find(group, peer) : NULL;

	if (!member || mrkm_exclusion_bars(group, peer))
		return -GIKEV2_ERR_NOT_AUTHORIZED;
	/* it may prove its identity anew, over an SA for this group alone */
	if (!proved_enough(group, member, peer))
		return -GIKEV2_ERR_OTHER_PROOF;
	if (is_full(group, member, peer))
		return -GIKEV2_ERR_MEMBER_LIMIT;
	if (gikev2_asking_way(mrkm.engine) == GIKEV2_BY_CERTIFICATE &&
	    !mrkm_revoke_keep(peer))
		return -GIKEV2_ERR_OTHER_PROOF;
	return member->receiver_only ? GIKEV2_RECEIVER_ONLY : 0;
}

/* ----------------------------------------------------------------- problem */

static bool ppks_problem(const struct mrkm_ppk_config *ppks, size_t count,
			 char *buf, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (mrkm_auth_ppk_problem(&ppks[i], buf, size))
			return true;
	return false;
}

/* Neither side is left without a way. */
static bool ways_problem(const struct mrkm_ks_group *group,
			 const struct mrkm_ks_member *member, char *buf,
			 size_t size)
{
	uint8_t own = own_ways(group, member);
	uint8_t peer = member_ways(group, member);

	if (!peer)
		snprintf(
			buf, size,
			"\"authentication remote %s\" leaves it no way to prove its identity: configure that for the member too",
			group->config.auth.peer == GIKEV2_BY_PSK
				? "pre-shared-key"
				: "certificate");
	else if (!own)
		strlcpy(buf,
			"\"authentication local pre-shared-key\" needs a pre-shared key for it: configure \"pre-shared-key file\" for the member too",
			size);
	else
		/* a key that both share will do for us, too */
		return mrkm_auth_problem(
			own & GIKEV2_BY_PSK ? 0 : own, peer,
			member->trust_anchor ? member->trust_anchor : "", buf,
			size);
	return true;
}

static bool member_problem(const struct mrkm_ks_group *group,
			   const struct mrkm_ks_member *member, char *buf,
			   size_t size)
{
	if (member->psk_file && mrkm_psk_check(member->psk_file, buf, size))
		return true;
	return ways_problem(group, member, buf, size) ||
	       ppks_problem(member->ppks, member->ppk_count, buf, size);
}

bool mrkm_ks_members_problem(const struct mrkm_ks_group *group, char *buf,
			     size_t size)
{
	const struct mrkm_ks_member *member;
	char problem[MRKM_PROBLEM_SIZE], id[300];

	frr_each(mrkm_ks_members_const, &group->members, member) {
		if (!member_problem(group, member, problem, sizeof(problem)))
			continue;
		snprintf(buf, size, "member %s: %s",
			 gikev2_id_text(&member->identity, id, sizeof(id)),
			 problem);
		return true;
	}
	buf[0] = '\0';
	return ppks_problem(group->config.ppks, group->config.ppk_count, buf,
			    size);
}
