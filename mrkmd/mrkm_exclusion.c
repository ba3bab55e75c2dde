// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is shut out of a key server's group.
 */
#include <zebra.h>

#include "log.h"
#include "memory.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_exclusion.h"
#include "mrkmd/mrkm_state.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_EXCLUSION, "MRKM exclusion");
DEFINE_MTYPE_STATIC(MRKMD, MRKM_EXCLUSION_REASON, "MRKM exclusion's reason");

int mrkm_exclusion_cmp(const struct mrkm_exclusion *a,
		       const struct mrkm_exclusion *b)
{
	if (a->identity.type != b->identity.type)
		return numcmp(a->identity.type, b->identity.type);
	if (a->identity.len != b->identity.len)
		return numcmp(a->identity.len, b->identity.len);
	return memcmp(a->identity.data, b->identity.data, a->identity.len);
}

static struct mrkm_exclusion *find(const struct mrkm_ks_group *group,
				   const struct gikev2_id *identity)
{
	struct mrkm_exclusion key;

	mrkm_identity_copy(&key.identity, identity);
	return (struct mrkm_exclusion *)mrkm_exclusions_const_find(
		&group->exclusions, &key);
}

const struct mrkm_exclusion *
mrkm_exclusion_find(const struct mrkm_ks_group *group,
		    const struct gikev2_id *identity)
{
	return find(group, identity);
}

bool mrkm_exclusion_bars(const struct mrkm_ks_group *group,
			 const struct gikev2_id *identity)
{
	const struct mrkm_exclusion *exclusion = find(group, identity);

	return exclusion && exclusion->cause == MRKM_EXCLUDED_BY_COMMAND;
}

/* ------------------------------------------------------------- what is kept */

/* Identities of group and member: type, length, octets. */
#define KEY_MAX (2 * (2 + GIKEV2_ID_MAX))
/* Cause, instant of eight octets, reason. */
#define VALUE_HEAD 9

static size_t put_id(uint8_t *octets, const struct gikev2_id *id)
{
	octets[0] = id->type;
	octets[1] = id->len;
	memcpy(octets + 2, id->data, id->len);
	return 2 + (size_t)id->len;
}

static size_t make_key(const struct mrkm_ks_group *group,
		       const struct gikev2_id *identity, uint8_t key[KEY_MAX])
{
	size_t len = put_id(key, &group->config.engine.id);

	return identity ? len + put_id(key + len, identity) : len;
}

static void save(const struct mrkm_ks_group *group,
		 const struct mrkm_exclusion *exclusion)
{
	uint8_t key[KEY_MAX], value[VALUE_HEAD + MRKM_PROBLEM_SIZE];
	size_t reason = MIN(strlen(exclusion->reason), MRKM_PROBLEM_SIZE);

	value[0] = exclusion->cause;
	for (int i = 0; i < 8; i++)
		value[1 + i] = (uint64_t)exclusion->since >> (56 - 8 * i);
	memcpy(value + VALUE_HEAD, exclusion->reason, reason);
	mrkm_state_keep(MRKM_KEEP_EXCLUSION, key,
			make_key(group, &exclusion->identity, key), value,
			VALUE_HEAD + reason);
}

/* NULL: all of the group. */
static void drop(const struct mrkm_ks_group *group,
		 const struct gikev2_id *identity)
{
	uint8_t key[KEY_MAX];

	mrkm_state_keep(MRKM_KEEP_EXCLUSION, key,
			make_key(group, identity, key), NULL, 0);
}

static void add(struct mrkm_ks_group *group, const struct gikev2_id *identity,
		enum mrkm_exclusion_cause cause, int64_t since,
		const char *reason)
{
	struct mrkm_exclusion *exclusion = find(group, identity);

	if (!exclusion) {
		exclusion = XCALLOC(MTYPE_MRKM_EXCLUSION, sizeof(*exclusion));
		mrkm_identity_copy(&exclusion->identity, identity);
		mrkm_exclusions_add(&group->exclusions, exclusion);
	}
	XFREE(MTYPE_MRKM_EXCLUSION_REASON, exclusion->reason);
	exclusion->cause = cause;
	exclusion->since = since;
	exclusion->reason = XSTRDUP(MTYPE_MRKM_EXCLUSION_REASON, reason);
}

static void del(struct mrkm_ks_group *group, struct mrkm_exclusion *exclusion)
{
	mrkm_exclusions_del(&group->exclusions, exclusion);
	XFREE(MTYPE_MRKM_EXCLUSION_REASON, exclusion->reason);
	XFREE(MTYPE_MRKM_EXCLUSION, exclusion);
}

static bool read_id(const struct gikev2_record *record, size_t at,
		    struct gikev2_id *id)
{
	memset(id, 0, sizeof(*id));
	if (record->key_len < at + 2 ||
	    record->key_len != at + 2 + record->key[at + 1])
		return false;
	id->type = record->key[at];
	id->len = record->key[at + 1];
	memcpy(id->data, record->key + at + 2, id->len);
	return true;
}

static int load_one(void *arg, const struct gikev2_record *record)
{
	struct mrkm_ks_group *group = arg;
	char reason[MRKM_PROBLEM_SIZE];
	struct gikev2_id id;
	uint64_t since = 0;
	size_t len;

	if (record->value_len < VALUE_HEAD ||
	    !read_id(record, 2 + (size_t)group->config.engine.id.len, &id))
		return -GIKEV2_ERR_STATE;
	for (int i = 0; i < 8; i++)
		since = since << 8 | record->value[1 + i];
	len = MIN(record->value_len - VALUE_HEAD, sizeof(reason) - 1);
	memcpy(reason, record->value + VALUE_HEAD, len);
	reason[len] = '\0';
	add(group, &id, record->value[0], since, reason);
	return 0;
}

bool mrkm_exclusions_load(struct mrkm_ks_group *group)
{
	uint8_t key[KEY_MAX];

	return mrkm_state_load(NULL,
			       (enum gikev2_record_kind)MRKM_KEEP_EXCLUSION,
			       key, make_key(group, NULL, key), load_one,
			       group) == 0;
}

void mrkm_exclusions_free(struct mrkm_ks_group *group)
{
	struct mrkm_exclusion *exclusion;

	frr_each_safe(mrkm_exclusions, &group->exclusions, exclusion)
		del(group, exclusion);
}

void mrkm_exclusions_forget(struct mrkm_ks_group *group)
{
	drop(group, NULL);
	mrkm_exclusions_free(group);
}

void mrkm_exclusions_prune(struct mrkm_ks_group *group)
{
	struct mrkm_exclusion *exclusion;

	frr_each_safe(mrkm_exclusions, &group->exclusions, exclusion)
		if (!mrkm_ks_member_find(group, &exclusion->identity)) {
			drop(group, &exclusion->identity);
			del(group, exclusion);
		}
}

/* ------------------------------------------------------------------ shutting */

PRINTFRR(3, 4)
static int fail(char *problem, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintfrr(problem, size, format, ap);
	va_end(ap);
	return -1;
}

/* 0, or a negated reason why the keys were not replaced. */
static int shut_out(struct mrkm_ks_group *group,
		    const struct gikev2_id *identity,
		    enum mrkm_exclusion_cause cause, const char *reason)
{
	char id[300];
	int ret = 0;

	add(group, identity, cause, time(NULL), reason);
	save(group, find(group, identity));
	zlog_notice("mrkm: group %s: %s is excluded: %s", group->config.name,
		    gikev2_id_text(identity, id, sizeof(id)), reason);
	mrkm_event_member("member-excluded", group, identity, reason);
	if (group->group)
		ret = gikev2_group_exclude(group->group, identity, mrkm_now());
	return MIN(ret, 0);
}

int mrkm_exclude_member(struct mrkm_ks_group *group,
			const struct gikev2_id *identity, char *problem,
			size_t size)
{
	char id[300];
	int ret;

	gikev2_id_text(identity, id, sizeof(id));
	if (!mrkm_ks_member_find(group, identity))
		return fail(
			problem, size,
			"%s is no member of group %s: see \"show mrkm key-server members\"",
			id, group->config.name);
	if (mrkm_exclusion_bars(group, identity))
		return fail(problem, size,
			    "%s is excluded from group %s already", id,
			    group->config.name);
	ret = shut_out(group, identity, MRKM_EXCLUDED_BY_COMMAND, "by command");
	if (ret < 0)
		return fail(
			problem, size,
			"%s may not register in group %s any more, but the keys that it knows were not replaced: %s: it is tried again every second",
			id, group->config.name, gikev2_err_text(ret));
	return 0;
}

int mrkm_readmit_member(struct mrkm_ks_group *group,
			const struct gikev2_id *identity, char *problem,
			size_t size)
{
	struct mrkm_exclusion *exclusion = find(group, identity);
	char id[300];

	gikev2_id_text(identity, id, sizeof(id));
	if (!exclusion)
		return fail(problem, size, "%s is not excluded from group %s",
			    id, group->config.name);
	drop(group, identity);
	del(group, exclusion);
	zlog_notice("mrkm: group %s: %s may register again", group->config.name,
		    id);
	mrkm_event_member("member-readmitted", group, identity, NULL);
	return 0;
}

void mrkm_exclude_revoked(struct mrkm_ks_group *group,
			  const struct gikev2_id *identity, const char *reason)
{
	char id[300];
	int ret;

	if (mrkm_exclusion_bars(group, identity))
		return;
	ret = shut_out(group, identity, MRKM_EXCLUDED_REVOKED, reason);
	if (ret < 0)
		zlog_err(
			"mrkm: group %s: the keys that %s knows were not replaced: %s: it is tried again every second",
			group->config.name,
			gikev2_id_text(identity, id, sizeof(id)),
			gikev2_err_text(ret));
}

void mrkm_exclusion_registered(struct mrkm_ks_group *group,
			       const struct gikev2_id *identity)
{
	struct mrkm_exclusion *exclusion = find(group, identity);

	if (!exclusion || exclusion->cause != MRKM_EXCLUDED_REVOKED)
		return;
	drop(group, identity);
	del(group, exclusion);
}
