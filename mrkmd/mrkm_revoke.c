// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates of members, looked at again.
 */
#include <zebra.h>

#include "log.h"
#include "memory.h"
#include "typesafe.h"

#include "gikev2/gikev2_crypto.h" /* struct gikev2_chunk */

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_revoke.h"
#include "mrkmd/mrkm_state.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_PROOF, "MRKM certificates of a member");

/* Looked at before others get their turn: some milliseconds. */
#define CHECKS_AT_ONCE 16
#define KEY_MAX (2 + GIKEV2_ID_MAX)

PREDECL_RBTREE_UNIQ(proofs);

/* As kept: for each certificate its length in three octets, and its DER. */
struct proof {
	struct proofs_item item;
	struct gikev2_id identity;
	uint8_t *certs;
	size_t len;
	bool absent; /* it was registered nowhere at the last look */
};

static int proof_cmp(const struct proof *a, const struct proof *b)
{
	if (a->identity.type != b->identity.type)
		return numcmp(a->identity.type, b->identity.type);
	if (a->identity.len != b->identity.len)
		return numcmp(a->identity.len, b->identity.len);
	return memcmp(a->identity.data, b->identity.data, a->identity.len);
}

DECLARE_RBTREE_UNIQ(proofs, struct proof, item, proof_cmp);

static struct proofs_head proofs = INIT_RBTREE_UNIQ(proofs);
static struct event *t_check;
static struct gikev2_id check_next; /* where it goes on; type 0: all over */

static struct proof *find(const struct gikev2_id *identity)
{
	struct proof key;

	mrkm_identity_copy(&key.identity, identity);
	return proofs_find(&proofs, &key);
}

static void del(struct proof *proof)
{
	proofs_del(&proofs, proof);
	XFREE(MTYPE_MRKM_PROOF, proof->certs);
	XFREE(MTYPE_MRKM_PROOF, proof);
}

static void set(const struct gikev2_id *identity, const uint8_t *certs,
		size_t len)
{
	struct proof *proof = find(identity);

	if (!proof) {
		proof = XCALLOC(MTYPE_MRKM_PROOF, sizeof(*proof));
		mrkm_identity_copy(&proof->identity, identity);
		proofs_add(&proofs, proof);
	}
	XFREE(MTYPE_MRKM_PROOF, proof->certs);
	proof->certs = XMALLOC(MTYPE_MRKM_PROOF, len);
	memcpy(proof->certs, certs, len);
	proof->len = len;
}

static size_t make_key(const struct gikev2_id *identity, uint8_t key[KEY_MAX])
{
	key[0] = identity->type;
	key[1] = identity->len;
	memcpy(key + 2, identity->data, identity->len);
	return 2 + (size_t)identity->len;
}

static void forget(struct proof *proof)
{
	uint8_t key[KEY_MAX];

	mrkm_state_keep(MRKM_KEEP_CERTIFICATES, key,
			make_key(&proof->identity, key), NULL, 0);
	del(proof);
}

/* --------------------------------------------------------------- remembering */

void mrkm_revoke_proven(const struct gikev2_id *peer,
			const struct gikev2_chunk *certs, size_t count)
{
	struct proof *proof = find(peer);
	uint8_t key[KEY_MAX], *octets, *end;
	size_t len = 0;

	if (!count) {
		if (proof)
			forget(proof);
		return;
	}
	for (size_t i = 0; i < count; i++)
		len += 3 + certs[i].len;
	octets = end = XMALLOC(MTYPE_MRKM_PROOF, len);
	for (size_t i = 0; i < count; i++) {
		*end++ = certs[i].len >> 16;
		*end++ = certs[i].len >> 8;
		*end++ = certs[i].len;
		memcpy(end, certs[i].ptr, certs[i].len);
		end += certs[i].len;
	}
	if (!proof || proof->len != len || memcmp(proof->certs, octets, len)) {
		set(peer, octets, len);
		mrkm_state_keep(MRKM_KEEP_CERTIFICATES, key,
				make_key(peer, key), octets, len);
	}
	XFREE(MTYPE_MRKM_PROOF, octets);
}

static int load_one(void *arg, const struct gikev2_record *record)
{
	const struct gikev2_id *identity = arg;

	set(identity, record->value, record->value_len);
	return 0;
}

static bool load_of_member(void *arg,
			   const struct gikev2_group_member_status *status)
{
	struct gikev2_id identity;
	uint8_t key[KEY_MAX];

	mrkm_identity_copy(&identity, status->identity);
	if (!find(&identity))
		mrkm_state_load(NULL,
				(enum gikev2_record_kind)MRKM_KEEP_CERTIFICATES,
				key, make_key(&identity, key), load_one,
				&identity);
	return true;
}

void mrkm_revoke_load(struct mrkm_ks_group *group)
{
	gikev2_group_members(group->group, load_of_member, NULL);
	mrkm_revoke_check();
}

/* ---------------------------------------------------------------- looking on */

/* False: what was kept is damaged, or of more certificates than are taken. */
static bool split(const struct proof *proof,
		  struct gikev2_chunk certs[GIKEV2_CERTS_MAX], size_t *count)
{
	const uint8_t *at = proof->certs, *end = at + proof->len;

	for (*count = 0; at < end; (*count)++) {
		size_t len;

		if (end - at < 3 || *count == GIKEV2_CERTS_MAX)
			return false;
		len = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
		at += 3;
		if (len > (size_t)(end - at))
			return false;
		certs[*count] = (struct gikev2_chunk){ at, len };
		at += len;
	}
	return true;
}

static int verify(const struct proof *proof, const char *anchor, char *problem,
		  size_t size)
{
	const struct gikev2_anchors *anchors =
		mrkm_trust_anchors(mrkm_auth_trust(), anchor);
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	struct gikev2_key *key = NULL;
	size_t count;
	int ret;

	if (!anchors || !split(proof, certs, &count))
		return -GIKEV2_ERR_CERT_UNTRUSTED;
	ret = gikev2_cert_verify(anchors, certs, count, &proof->identity,
				 time(NULL), &key, problem, size);
	gikev2_key_free(key);
	return ret;
}

bool mrkm_revoke_leads_to(const struct gikev2_id *peer, const char *anchor)
{
	const struct proof *proof = find(peer);
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	char problem[GIKEV2_PROBLEM_MAX];
	size_t count;

	/* what is kept came last, perhaps from another who has that name */
	return proof && split(proof, certs, &count) && count &&
	       (gikev2_asking_proved(mrkm.engine) ||
		gikev2_asking_certificate(mrkm.engine, certs[0].ptr,
					  certs[0].len)) &&
	       verify(proof, anchor, problem, sizeof(problem)) == 0;
}

/* What else is wrong with it shows when the member registers the next time. */
static void check(struct proof *proof)
{
	char problem[GIKEV2_PROBLEM_MAX];
	struct mrkm_ks_group *group;
	bool anywhere = false;
	bool revoked = verify(proof, "", problem, sizeof(problem)) ==
		       -GIKEV2_ERR_CERT_REVOKED;

	frr_each(mrkm_ks_groups, &mrkm.ks_groups, group) {
		if (!mrkm_ks_registered(group, &proof->identity))
			continue;
		anywhere = true;
		if (revoked)
			mrkm_exclude_revoked(group, &proof->identity, problem);
	}
	/* once, for it may be about to register */
	if ((revoked && anywhere) || (!anywhere && proof->absent))
		forget(proof);
	else
		proof->absent = !anywhere;
}

static void check_some(struct event *event)
{
	struct proof key = { .identity = check_next };
	struct proof *proof, *next;
	int left = CHECKS_AT_ONCE;

	for (proof = proofs_find_gteq(&proofs, &key); proof && left--;
	     proof = next) {
		next = proofs_next(&proofs, proof);
		check(proof);
	}
	memset(&check_next, 0, sizeof(check_next));
	if (proof) {
		check_next = proof->identity;
		event_add_event(mrkm.loop, check_some, NULL, 0, &t_check);
	}
	mrkm_engine_reschedule();
}

void mrkm_revoke_check(void)
{
	event_cancel(&t_check);
	memset(&check_next, 0, sizeof(check_next));
	event_add_event(mrkm.loop, check_some, NULL, 0, &t_check);
}

void mrkm_revoke_fini(void)
{
	struct proof *proof;

	event_cancel(&t_check);
	while ((proof = proofs_first(&proofs)))
		del(proof);
}
