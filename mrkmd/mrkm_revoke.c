// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates of members, looked at again.
 */
#include <zebra.h>

#include <openssl/evp.h>

#include "log.h"
#include "memory.h"
#include "typesafe.h"

#include "gikev2/gikev2_crypto.h" /* struct gikev2_chunk */

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_revoke.h"
#include "mrkmd/mrkm_state.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_PROOF, "MRKM certificates of a member");

/* Certificates expire, whether CRLs change or not. */
#define CHECK_SECONDS 3600
/* Looked at before others get their turn: some milliseconds. */
#define CHECKS_AT_ONCE 16
/* Of one identity, certificates that it is not registered by: others may follow. */
#define UNUSED_MAX 4
/* One that no registration is by is forgotten when so many came after it. */
#define UNUSED_YOUNGER 1024
/* Looked at for that with each one that comes: more than one, so that they do not
 * grow. */
#define SWEEP 2

#define DIGEST_LEN                                                             \
	12 /* of the certificate: tells those of one identity apart */
#define WHO_MAX (2 + GIKEV2_ID_MAX)
#define KEY_MAX (WHO_MAX + DIGEST_LEN)

PREDECL_RBTREE_UNIQ(proofs);

/*
 * As kept: for each certificate its length in three octets, and its DER.  Two CAs
 * may vouch for one identity, each in a group of its own.
 */
struct proof {
	struct proofs_item item;
	struct gikev2_id identity;
	uint8_t digest[DIGEST_LEN];
	uint64_t serial; /* the youngest has the highest */
	uint8_t *certs;
	size_t len;
	bool kept;   /* in the state file, too: it was authorized by it */
	bool absent; /* it was registered nowhere at the last look */
};

static int identity_cmp(const struct gikev2_id *a, const struct gikev2_id *b)
{
	if (a->type != b->type)
		return numcmp(a->type, b->type);
	if (a->len != b->len)
		return numcmp(a->len, b->len);
	return memcmp(a->data, b->data, a->len);
}

static int proof_cmp(const struct proof *a, const struct proof *b)
{
	int ret = identity_cmp(&a->identity, &b->identity);

	return ret ? ret : memcmp(a->digest, b->digest, DIGEST_LEN);
}

DECLARE_RBTREE_UNIQ(proofs, struct proof, item, proof_cmp);

static struct proofs_head proofs = INIT_RBTREE_UNIQ(proofs);
static uint64_t last_serial;
static struct event *t_check, *t_later;
/* Where they go on; type 0: at the first. */
static struct proof check_next, sweep_next;

/* The first one of that identity, or the one after `last`; NULL. */
static struct proof *find(const struct gikev2_id *identity, struct proof *last)
{
	struct proof key = {}, *proof;

	mrkm_identity_copy(&key.identity, identity);
	proof = last ? proofs_next(&proofs, last)
		     : proofs_find_gteq(&proofs, &key);
	return proof && !identity_cmp(&proof->identity, &key.identity) ? proof
								       : NULL;
}

/* NULL: at the first. */
static void go_on_at(struct proof *place, const struct proof *proof)
{
	memset(place, 0, sizeof(*place));
	if (!proof)
		return;
	mrkm_identity_copy(&place->identity, &proof->identity);
	memcpy(place->digest, proof->digest, DIGEST_LEN);
}

static void del(struct proof *proof)
{
	proofs_del(&proofs, proof);
	XFREE(MTYPE_MRKM_PROOF, proof->certs);
	XFREE(MTYPE_MRKM_PROOF, proof);
}

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

/* The peer's own. */
static bool own_cert(const struct proof *proof, struct gikev2_chunk *cert)
{
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	size_t count;

	if (!split(proof, certs, &count) || !count)
		return false;
	*cert = certs[0];
	return true;
}

/* By the peer's own; of what cannot be read there is one an identity. */
static void set_digest(struct proof *proof)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct gikev2_chunk cert;

	if (own_cert(proof, &cert) && EVP_Digest(cert.ptr, cert.len, digest,
						 NULL, EVP_sha256(), NULL) == 1)
		memcpy(proof->digest, digest, DIGEST_LEN);
}

static size_t make_name(const struct gikev2_id *identity, uint8_t key[WHO_MAX])
{
	key[0] = identity->type;
	key[1] = identity->len;
	memcpy(key + 2, identity->data, identity->len);
	return 2 + (size_t)identity->len;
}

/* To the state file, or out of it. */
static void write_record(const struct proof *proof, bool gone)
{
	uint8_t key[KEY_MAX];
	size_t len = make_name(&proof->identity, key);

	memcpy(key + len, proof->digest, DIGEST_LEN);
	mrkm_state_keep(MRKM_KEEP_CERTIFICATES, key, len + DIGEST_LEN,
			gone ? NULL : proof->certs, gone ? 0 : proof->len);
}

static void keep(struct proof *proof)
{
	write_record(proof, false);
	proof->kept = true;
}

/* In place of the one with the same certificate of the peer's own. */
static struct proof *set(const struct gikev2_id *identity, const uint8_t *certs,
			 size_t len)
{
	struct proof *proof = XCALLOC(MTYPE_MRKM_PROOF, sizeof(*proof)), *old;
	bool same;

	mrkm_identity_copy(&proof->identity, identity);
	proof->certs = XMALLOC(MTYPE_MRKM_PROOF, len);
	memcpy(proof->certs, certs, len);
	proof->len = len;
	proof->serial = ++last_serial;
	set_digest(proof);
	old = proofs_find(&proofs, proof);
	same = old && old->len == len && !memcmp(old->certs, certs, len);
	proof->kept = old && old->kept;
	if (old)
		del(old);
	proofs_add(&proofs, proof);
	if (proof->kept && !same)
		keep(proof);
	return proof;
}

static void forget(struct proof *proof)
{
	if (proof->kept)
		write_record(proof, true);
	del(proof);
}

/* Is the member registered in that group, and by this certificate? */
static bool used_in(const struct proof *proof,
		    const struct mrkm_ks_group *group)
{
	struct gikev2_chunk cert;

	return own_cert(proof, &cert) &&
	       mrkm_ks_registered_by(group, &proof->identity, cert.ptr,
				     cert.len);
}

static bool used(const struct proof *proof)
{
	struct mrkm_ks_group *group;

	frr_each(mrkm_ks_groups, &mrkm.ks_groups, group)
		if (used_in(proof, group))
			return true;
	return false;
}

/* --------------------------------------------------------------- remembering */

/* Certificates are renewed: those that no registration is by give way. */
static void limit(const struct gikev2_id *peer, unsigned int most)
{
	struct proof *proof = find(peer, NULL), *oldest = NULL;
	unsigned int count = 0;

	for (; proof; proof = find(peer, proof)) {
		if (used(proof))
			continue;
		count++;
		if (!oldest || proof->serial < oldest->serial)
			oldest = proof;
	}
	if (count <= most)
		return;
	forget(oldest);
	limit(peer, most);
}

static void check_later(struct event *event)
{
	mrkm_revoke_check();
}

static void look_later(void)
{
	event_add_timer(mrkm.loop, check_later, NULL, CHECK_SECONDS, &t_later);
}

/*
 * One certificate may vouch for many names, and nobody looks while no CRL changes:
 * what no registration came of gives way.
 */
static void sweep(void)
{
	struct proof *proof = proofs_find_gteq(&proofs, &sweep_next), *next;

	for (int i = 0; i < SWEEP; i++) {
		if (!proof)
			proof = proofs_first(&proofs);
		next = proofs_next(&proofs, proof);
		/* never the one that came last */
		if (last_serial - proof->serial >= UNUSED_YOUNGER &&
		    !used(proof))
			forget(proof);
		proof = next;
	}
	go_on_at(&sweep_next, proof);
}

void mrkm_revoke_proven(const struct gikev2_id *peer,
			const struct gikev2_chunk *certs, size_t count)
{
	uint8_t *octets, *end;
	size_t len = 0;

	if (!count) {
		limit(peer, 0);
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
	set(peer, octets, len);
	XFREE(MTYPE_MRKM_PROOF, octets);
	limit(peer, UNUSED_MAX);
	sweep();
	look_later();
}

struct loading {
	struct gikev2_id identity;
	size_t name_len;
	bool old; /* there was one without a digest in its key */
};

static int load_one(void *arg, const struct gikev2_record *record)
{
	struct loading *loading = arg;

	set(&loading->identity, record->value, record->value_len)->kept = true;
	loading->old |= record->key_len == loading->name_len;
	return 0;
}

static bool load_of_member(void *arg,
			   const struct gikev2_group_member_status *status)
{
	struct loading loading = {};
	struct proof *proof = NULL;
	uint8_t key[WHO_MAX];

	mrkm_identity_copy(&loading.identity, status->identity);
	if (find(&loading.identity, NULL))
		return true;
	loading.name_len = make_name(&loading.identity, key);
	mrkm_state_load(NULL, (enum gikev2_record_kind)MRKM_KEEP_CERTIFICATES,
			key, loading.name_len, load_one, &loading);
	if (!loading.old)
		return true;
	/* without that key go all that begin with it */
	mrkm_state_keep(MRKM_KEEP_CERTIFICATES, key, loading.name_len, NULL, 0);
	while ((proof = find(&loading.identity, proof)))
		keep(proof);
	return true;
}

void mrkm_revoke_load(struct mrkm_ks_group *group)
{
	gikev2_group_members(group->group, load_of_member, NULL);
	mrkm_revoke_check();
}

/* ---------------------------------------------------------------- looking on */

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

/* Of those that are kept of that name, the one that the asking SA was proved by. */
static struct proof *asking(const struct gikev2_id *peer)
{
	struct proof *proof = find(peer, NULL);
	struct gikev2_chunk cert;

	for (; proof; proof = find(peer, proof))
		if (own_cert(proof, &cert) &&
		    gikev2_asking_certificate(mrkm.engine, cert.ptr, cert.len))
			return proof;
	return NULL;
}

bool mrkm_revoke_leads_to(const struct gikev2_id *peer, const char *anchor)
{
	const struct proof *proof = asking(peer);
	char problem[GIKEV2_PROBLEM_MAX];

	return proof && verify(proof, anchor, problem, sizeof(problem)) == 0;
}

bool mrkm_revoke_keep(const struct gikev2_id *peer)
{
	struct proof *proof = asking(peer);

	if (proof && !proof->kept)
		keep(proof);
	return proof;
}

/* The peer's own: that of a CA is not for each of its members to renew. */
static bool is_expired(const struct proof *proof)
{
	struct gikev2_cert_info info;
	struct gikev2_chunk cert;

	return own_cert(proof, &cert) &&
	       gikev2_cert_get_info(cert, &info) == 0 &&
	       info.until < (int64_t)time(NULL);
}

/* What else is wrong with it shows when the member registers the next time. */
static void check(struct proof *proof)
{
	char problem[GIKEV2_PROBLEM_MAX];
	struct mrkm_ks_group *group;
	bool anywhere = false;
	bool revoked = verify(proof, "", problem, sizeof(problem)) ==
		       -GIKEV2_ERR_CERT_REVOKED;
	bool expired = !revoked && is_expired(proof);

	frr_each(mrkm_ks_groups, &mrkm.ks_groups, group) {
		if (!used_in(proof, group))
			continue;
		anywhere = true;
		if (revoked)
			mrkm_exclude_revoked(group, &proof->identity, problem);
		else if (expired)
			mrkm_ks_expired(group, &proof->identity);
	}
	/* once, for it may be about to register; by such a one it may not */
	if (revoked || expired || (!anywhere && proof->absent))
		forget(proof);
	else
		proof->absent = !anywhere;
}

static void check_some(struct event *event)
{
	struct proof *proof, *next;
	int left = CHECKS_AT_ONCE;

	for (proof = proofs_find_gteq(&proofs, &check_next); proof && left--;
	     proof = next) {
		next = proofs_next(&proofs, proof);
		check(proof);
	}
	go_on_at(&check_next, proof);
	if (proof)
		event_add_event(mrkm.loop, check_some, NULL, 0, &t_check);
	else if (proofs_count(&proofs))
		look_later();
	mrkm_engine_reschedule();
}

void mrkm_revoke_check(void)
{
	event_cancel(&t_check);
	event_cancel(&t_later);
	go_on_at(&check_next, NULL);
	event_add_event(mrkm.loop, check_some, NULL, 0, &t_check);
}

void mrkm_revoke_fini(void)
{
	struct proof *proof;

	event_cancel(&t_check);
	event_cancel(&t_later);
	while ((proof = proofs_first(&proofs)))
		del(proof);
}
