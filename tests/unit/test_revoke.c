// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd/mrkm_revoke.c: certificates of members, looked at again.  Whether one is
 * revoked its first octet tells here.
 */
#include <zebra.h>

#include "frrevent.h"

#include "gikev2/gikev2_crypto.h" /* struct gikev2_chunk */
#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_revoke.h"
#include "mrkmd/mrkm_state.h"
#include "pki.h"
#include "test_util.h"

DEFINE_MGROUP(MRKMD, "test");

struct mrkm mrkm;

#define MEMBERS_MAX 64
#define CHECKS_AT_ONCE 16 /* as there */
#define UNUSED_MAX 4	  /* likewise */

static struct {
	struct {
		uint8_t key[64], value[1024];
		size_t key_len, value_len;
	} records[MEMBERS_MAX];
	size_t record_count;
	const char *asks_by; /* the one who asks showed that one; NULL: */
	struct gikev2_chunk asks_der;
	unsigned int members; /* r0 and following are registered */
	/* ... r0 by one of these; NULL: by any */
	const char *const *r0_by;
	unsigned int verified, excluded, expired;
	char who[300];		/* ... was the last one */
	size_t seen_count;	/* certificates of the last one verified */
	char seen[300];		/* and their octets */
	const char *one_anchor; /* that leads anywhere; NULL: all do */
} fake;

static struct gikev2_id name(unsigned int n)
{
	struct gikev2_id id = { .type = GIKEV2_ID_FQDN };

	id.len = snprintf((char *)id.data, sizeof(id.data), "r%u", n);
	return id;
}

static bool is_member(const struct gikev2_id *id)
{
	for (unsigned int i = 0; i < fake.members; i++) {
		struct gikev2_id member = name(i);

		if (gikev2_id_equal(&member, id))
			return true;
	}
	return false;
}

/* ------------------------------------------------------- what it works with */

int mrkm_ks_group_cmp(const struct mrkm_ks_group *a,
		      const struct mrkm_ks_group *b)
{
	return strcmp(a->config.name, b->config.name);
}

bool mrkm_ks_registered_by(const struct mrkm_ks_group *group,
			   const struct gikev2_id *identity, const uint8_t *der,
			   size_t len)
{
	const char *const *by = fake.r0_by;
	struct gikev2_id r0 = name(0);

	if (!is_member(identity) || !by || !gikev2_id_equal(identity, &r0))
		return is_member(identity);
	while (*by && (strlen(*by) != len || memcmp(*by, der, len)))
		by++;
	return *by;
}

void mrkm_exclude_revoked(struct mrkm_ks_group *group,
			  const struct gikev2_id *identity, const char *reason)
{
	fake.excluded++;
	gikev2_id_text(identity, fake.who, sizeof(fake.who));
}

void mrkm_ks_expired(struct mrkm_ks_group *group,
		     const struct gikev2_id *identity)
{
	fake.expired++;
	gikev2_id_text(identity, fake.who, sizeof(fake.who));
}

void mrkm_engine_reschedule(void)
{
}

const struct mrkm_trust *mrkm_auth_trust(void)
{
	return NULL;
}

const struct gikev2_anchors *mrkm_trust_anchors(const struct mrkm_trust *trust,
						const char *anchor)
{
	bool known = !anchor[0] || !fake.one_anchor ||
		     !strcmp(anchor, fake.one_anchor);

	return known ? (const struct gikev2_anchors *)&fake : NULL;
}

int gikev2_cert_verify(const struct gikev2_anchors *anchors,
		       const struct gikev2_chunk *certs, size_t count,
		       const struct gikev2_id *peer, int64_t now,
		       struct gikev2_key **key, char *problem, size_t size)
{
	*key = NULL;
	fake.verified++;
	fake.seen_count = count;
	fake.seen[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(fake.seen + strlen(fake.seen),
			 sizeof(fake.seen) - strlen(fake.seen), "%.*s|",
			 (int)certs[i].len, certs[i].ptr);
	snprintf(problem, size, "revoked");
	switch (certs[0].ptr[0]) {
	case 'R':
		return -GIKEV2_ERR_CERT_REVOKED;
	case 'U':
		return -GIKEV2_ERR_CERT_UNTRUSTED;
	default:
		return 0;
	}
}

bool gikev2_asking_certificate(const struct gikev2 *engine, const uint8_t *der,
			       size_t len)
{
	if (!fake.asks_by)
		return fake.asks_der.len == len &&
		       !memcmp(fake.asks_der.ptr, der, len);
	return strlen(fake.asks_by) == len && !memcmp(fake.asks_by, der, len);
}

void gikev2_key_free(struct gikev2_key *key)
{
	assert_null(key);
}

void gikev2_group_members(
	const struct gikev2_group *group,
	bool (*visit)(void *arg, const struct gikev2_group_member_status *),
	void *arg)
{
	for (unsigned int i = 0; i < fake.members; i++) {
		struct gikev2_id id = name(i);
		struct gikev2_group_member_status status = { .identity = &id };

		if (!visit(arg, &status))
			return;
	}
}

static size_t record_of(const uint8_t *key, size_t key_len)
{
	size_t i = 0;

	while (i < fake.record_count &&
	       (fake.records[i].key_len != key_len ||
		memcmp(fake.records[i].key, key, key_len)))
		i++;
	return i;
}

static bool begins_with(size_t i, const uint8_t *key, size_t key_len)
{
	return fake.records[i].key_len >= key_len &&
	       !memcmp(fake.records[i].key, key, key_len);
}

void mrkm_state_keep(enum mrkm_keep kind, const uint8_t *key, size_t key_len,
		     const uint8_t *value, size_t value_len)
{
	size_t i = record_of(key, key_len);

	assert_int_equal(kind, MRKM_KEEP_CERTIFICATES);
	for (size_t j = fake.record_count; !value && j--;)
		if (begins_with(j, key, key_len))
			fake.records[j] = fake.records[--fake.record_count];
	if (!value)
		return;
	assert_true(i < MEMBERS_MAX);
	if (i == fake.record_count)
		fake.record_count++;
	memcpy(fake.records[i].key, key, key_len);
	memcpy(fake.records[i].value, value, value_len);
	fake.records[i].key_len = key_len;
	fake.records[i].value_len = value_len;
}

int mrkm_state_load(void *arg, enum gikev2_record_kind kind, const uint8_t *key,
		    size_t key_len, gikev2_record_fn visit, void *visit_arg)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < fake.record_count; i++) {
		struct gikev2_record record = {
			.kind = kind,
			.key = fake.records[i].key,
			.key_len = fake.records[i].key_len,
			.value = fake.records[i].value,
			.value_len = fake.records[i].value_len,
		};

		if (begins_with(i, key, key_len))
			ret = visit(visit_arg, &record);
	}
	return ret;
}

/* ---------------------------------------------------------------------- scene */

static struct mrkm_ks_group group;
static int idle[2]; /* a loop with nothing to read would end */

static void on_idle(struct event *event)
{
}

static int setup(void **state)
{
	memset(&fake, 0, sizeof(fake));
	mrkm.loop = event_master_create(NULL);
	assert_int_equal(pipe(idle), 0);
	event_add_read(mrkm.loop, on_idle, NULL, idle[0], NULL);
	mrkm_ks_groups_init(&mrkm.ks_groups);
	mrkm_ks_groups_add(&mrkm.ks_groups, &group);
	return 0;
}

static int teardown(void **state)
{
	mrkm_revoke_fini();
	mrkm_ks_groups_del(&mrkm.ks_groups, &group);
	mrkm_ks_groups_fini(&mrkm.ks_groups);
	event_master_free(mrkm.loop);
	close(idle[0]);
	close(idle[1]);
	return 0;
}

/* Whether it registers then or not. */
static void shown(unsigned int n, const char *first, const char *second)
{
	struct gikev2_id id = name(n);
	struct gikev2_chunk certs[] = {
		{ (const uint8_t *)first, first ? strlen(first) : 0 },
		{ (const uint8_t *)second, second ? strlen(second) : 0 },
	};

	mrkm_revoke_proven(&id, certs, !!first + !!second);
}

/* The SA that was proved by it asks for a group. */
static bool asks(unsigned int n, const char *by)
{
	struct gikev2_id id = name(n);

	fake.asks_by = by;
	return mrkm_revoke_keep(&id);
}

static void proven(unsigned int n, const char *first, const char *second)
{
	shown(n, first, second);
	if (first)
		assert_true(asks(n, first));
}

/* One turn; it is an error when there is none. */
static void turn(void)
{
	struct event event;

	assert_non_null(event_fetch(mrkm.loop, &event));
	event_call(&event);
}

/* All that is known is looked at. */
static void check_all(size_t known)
{
	mrkm_revoke_check();
	for (size_t i = 0; i == 0 || i < known; i += CHECKS_AT_ONCE)
		turn();
}

/* The process ends and another one begins. */
static void restart(void)
{
	mrkm_revoke_fini();
	mrkm_revoke_load(&group);
	fake.verified = fake.excluded = 0;
}

/* ---------------------------------------------------------------------- tests */

static void one_revoked(void **state)
{
	fake.members = 3;
	proven(0, "G0", "CA");
	proven(1, "R1", NULL);
	proven(2, "U2", NULL);
	check_all(3);
	assert_int_equal(fake.verified, 3);
	assert_int_equal(fake.excluded, 1);
	assert_string_equal(fake.who, "fqdn r1");
	/* it is forgotten with that, and may show another one */
	assert_int_equal(fake.record_count, 2);
	check_all(2);
	assert_int_equal(fake.excluded, 1);
	proven(1, "G1", NULL);
	check_all(3);
	assert_int_equal(fake.excluded, 1);
}

/* Who proves who it is by a key has no certificate any more, but those of its
 * registrations until they are over. */
static void no_certificate(void **state)
{
	static const char *const by[] = { "G0", NULL };

	fake.members = 1;
	fake.r0_by = by;
	proven(0, "G0", NULL);
	proven(0, "R0", NULL);
	proven(0, NULL, NULL);
	proven(5, NULL, NULL);
	assert_int_equal(fake.record_count, 1);
	fake.r0_by = by + 1;
	proven(0, NULL, NULL);
	check_all(0);
	assert_int_equal(fake.verified, 0);
	assert_int_equal(fake.record_count, 0);
}

/* Each octet of each certificate, and no more. */
static void as_shown(void **state)
{
	static const char *const by[] = { "Gnew", NULL };

	fake.members = 1;
	proven(0, "G0", "intermediate");
	check_all(1);
	assert_int_equal(fake.seen_count, 2);
	assert_string_equal(fake.seen, "G0|intermediate|");
	restart();
	turn();
	assert_string_equal(fake.seen, "G0|intermediate|");
	fake.r0_by = by;
	proven(0, "Gnew", NULL);
	for (int i = 0; i < 2; i++)
		check_all(2);
	restart();
	turn();
	assert_string_equal(fake.seen, "Gnew|");
	assert_int_equal(fake.verified, 1);
}

/* A CRL may have changed while the process was not there. */
static void revoked_meanwhile(void **state)
{
	fake.members = 2;
	proven(0, "G0", NULL);
	proven(1, "G1", NULL);
	fake.records[1].value[3] = 'R';
	restart();
	turn();
	assert_int_equal(fake.verified, 2);
	assert_int_equal(fake.excluded, 1);
	assert_string_equal(fake.who, "fqdn r1");
}

static void damaged(void **state)
{
	static const size_t lens[] = { 1, 2, 4, 6 };

	fake.members = 1;
	proven(0, "G0", "CA");
	for (size_t i = 0; i < array_size(lens); i++) {
		fake.records[0].value_len = lens[i];
		restart();
		turn();
		assert_int_equal(fake.verified, 0);
		assert_int_equal(fake.excluded, 0);
	}
}

/* Others get their turn in between, and each is looked at once. */
static void few_at_a_time(void **state)
{
	fake.members = 2 * CHECKS_AT_ONCE + 1;
	for (unsigned int i = 0; i < fake.members; i++)
		proven(i, "G", NULL);
	mrkm_revoke_check();
	turn();
	assert_int_equal(fake.verified, CHECKS_AT_ONCE);
	turn();
	assert_int_equal(fake.verified, 2 * CHECKS_AT_ONCE);
	turn();
	assert_int_equal(fake.verified, fake.members);
	/* once more from the start, when something changes meanwhile */
	mrkm_revoke_check();
	turn();
	mrkm_revoke_check();
	fake.verified = 0;
	for (int i = 0; i < 3; i++)
		turn();
	assert_int_equal(fake.verified, fake.members);
}

/* Not at the first look: it may be about to register. */
static void gone(void **state)
{
	proven(0, "G0", NULL);
	check_all(1);
	assert_int_equal(fake.record_count, 1);
	fake.members = 1;
	check_all(1);
	fake.members = 0;
	check_all(1);
	assert_int_equal(fake.record_count, 1);
	check_all(1);
	assert_int_equal(fake.record_count, 0);
	fake.verified = 0;
	check_all(0);
	assert_int_equal(fake.verified, 0);
}

static void anchor(void **state)
{
	struct gikev2_id r0 = name(0), r1 = name(1);

	fake.one_anchor = "LAB";
	fake.asks_by = "G0";
	proven(0, "G0", NULL);
	assert_true(mrkm_revoke_leads_to(&r0, "LAB"));
	assert_false(mrkm_revoke_leads_to(&r0, "OTHER"));
	assert_false(mrkm_revoke_leads_to(&r1, "LAB"));
	/* what is kept is of another SA, by the same name */
	fake.asks_by = "G1";
	assert_false(mrkm_revoke_leads_to(&r0, "LAB"));
	/* each of them by its own, whichever came last */
	proven(0, "U0", NULL);
	assert_false(mrkm_revoke_leads_to(&r0, "LAB"));
	fake.asks_by = "G0";
	assert_true(mrkm_revoke_leads_to(&r0, "LAB"));
	fake.asks_by = "U0";
	assert_false(mrkm_revoke_leads_to(&r0, "LAB"));
}

/* Two CAs vouch for one name, each in a group of its own. */
static void two_of_one_name(void **state)
{
	static const char *const by[] = { "R0", "G0", NULL };

	fake.members = 1;
	fake.r0_by = by;
	proven(0, "R0", NULL);
	proven(0, "G0", NULL);
	check_all(2);
	assert_int_equal(fake.verified, 2);
	assert_int_equal(fake.excluded, 1);
	assert_int_equal(fake.record_count, 1);
	/* the same over a restart */
	proven(0, "R0", NULL);
	restart();
	turn();
	assert_int_equal(fake.verified, 2);
	assert_int_equal(fake.excluded, 1);
}

/* One that was renewed, and the old one revoked: it is registered by the new. */
static void renewed(void **state)
{
	static const char *const by[] = { "G0", NULL };

	fake.members = 1;
	fake.r0_by = by;
	proven(0, "R0", NULL);
	proven(0, "G0", NULL);
	check_all(2);
	assert_int_equal(fake.verified, 2);
	assert_int_equal(fake.excluded, 0);
	check_all(2);
	assert_int_equal(fake.record_count, 1);
}

/* Renewals go on for years, and nobody looks: the oldest give way. */
static void bounded(void **state)
{
	static const char *const by[] = { "G0", NULL };
	struct gikev2_id id;
	char cert[8];

	fake.members = 1;
	fake.r0_by = by;
	for (int i = 0; i < 100; i++) {
		snprintf(cert, sizeof(cert), "G%d", i);
		proven(0, cert, NULL);
	}
	assert_int_equal(fake.record_count, 1 + UNUSED_MAX);
	check_all(1 + UNUSED_MAX);
	assert_int_equal(fake.verified, 1 + UNUSED_MAX);
	/* the one that it is registered by is among those that are left */
	fake.asks_by = "G0";
	id = name(0);
	assert_true(mrkm_revoke_leads_to(&id, ""));
}

/* One with a certificate of many names, and none of them registers. */
static void many_names(void **state)
{
	const unsigned int younger = 1024 /* as there */, names = 10 * younger;
	unsigned int left = 0;

	fake.members = 1;
	proven(0, "G0", NULL);
	for (unsigned int n = 1; n <= names; n++)
		shown(n, "G", NULL);
	assert_int_equal(fake.record_count, 1);
	for (unsigned int n = 1; n <= names; n++) {
		struct gikev2_id id = name(n);

		fake.asks_by = "G";
		left += mrkm_revoke_leads_to(&id, "");
	}
	assert_in_range(left, younger, 2 * younger + 2);
	/* the last ones have time to register */
	assert_true(asks(names - younger + 1, "G"));
	assert_false(asks(1, "G"));
	assert_int_equal(fake.record_count, 2);
	/* ... and who is in stays known */
	assert_true(asks(0, "G0"));
}

static size_t timers(void)
{
	return mrkm.loop->timer.hh.count;
}

/* r0's own certificate is valid until then, that of its CA until `ca`. */
static void proven_until(int64_t until, int64_t ca)
{
	const struct pki_spec own = { .subject = "CN=r0",
				      .from = 1,
				      .until = until };
	const struct pki_spec above = { .subject = "CN=CA",
					.from = 1,
					.until = ca };
	struct gikev2_chunk certs[] = { pki_issue(NULL, &own)->der,
					pki_issue(NULL, &above)->der };
	struct gikev2_id id = name(0);

	mrkm_revoke_proven(&id, certs, 2);
	fake.asks_by = NULL;
	fake.asks_der = certs[0];
	assert_true(mrkm_revoke_keep(&id));
}

/* Its own, not that of a CA; it may come with the next one. */
static void expired(void **state)
{
	struct gikev2_id id = name(0);

	fake.members = 1;
	assert_int_equal(timers(), 0);
	proven_until(PKI_UNTIL, 1000);
	assert_int_equal(timers(), 1);
	check_all(1);
	assert_int_equal(fake.expired, 0);
	/* an hour later again */
	assert_int_equal(timers(), 1);
	proven_until(1000, PKI_UNTIL);
	check_all(2);
	assert_int_equal(fake.expired, 1);
	assert_int_equal(fake.excluded, 0);
	assert_string_equal(fake.who, "fqdn r0");
	assert_int_equal(fake.record_count, 1);
	assert_false(mrkm_revoke_keep(&id));
	fake.members = 0;
	for (int i = 0; i < 2; i++)
		check_all(1);
	assert_int_equal(fake.record_count, 0);
	assert_int_equal(timers(), 0);
	pki_clear();
}

/* Between its IKE_AUTH and its registration. */
static void revoked_before_it_registers(void **state)
{
	shown(0, "R0", NULL);
	shown(1, "G1", NULL);
	check_all(2);
	assert_int_equal(fake.excluded, 0);
	assert_false(asks(0, "R0"));
	assert_true(asks(1, "G1"));
	/* another one of that name has nothing of it */
	shown(1, NULL, NULL);
	assert_false(asks(1, "G1"));
}

/* The same certificate, by way of other CAs; a registration is by it. */
static void other_chain(void **state)
{
	fake.members = 1;
	proven(0, "G0", "CA");
	shown(0, "G0", "other");
	assert_int_equal(fake.record_count, 1);
	restart();
	turn();
	assert_string_equal(fake.seen, "G0|other|");
}

/* As it was kept once: one of an identity, and nothing of it in the key. */
static void kept_by_name(void **state)
{
	fake.members = 2;
	proven(0, "G0", NULL);
	proven(1, "G1", NULL);
	fake.records[0].key_len = fake.records[1].key_len = 2 + strlen("r0");
	restart();
	turn();
	assert_int_equal(fake.verified, 2);
	assert_int_equal(fake.record_count, 2);
	proven(0, "G0new", NULL);
	assert_int_equal(fake.record_count, 3);
	restart();
	turn();
	assert_int_equal(fake.verified, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_revoked, setup, teardown),
		cmocka_unit_test_setup_teardown(no_certificate, setup,
						teardown),
		cmocka_unit_test_setup_teardown(as_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(revoked_meanwhile, setup,
						teardown),
		cmocka_unit_test_setup_teardown(damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(few_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(gone, setup, teardown),
		cmocka_unit_test_setup_teardown(anchor, setup, teardown),
		cmocka_unit_test_setup_teardown(two_of_one_name, setup,
						teardown),
		cmocka_unit_test_setup_teardown(renewed, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(many_names, setup, teardown),
		cmocka_unit_test_setup_teardown(expired, setup, teardown),
		cmocka_unit_test_setup_teardown(revoked_before_it_registers,
						setup, teardown),
		cmocka_unit_test_setup_teardown(other_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(kept_by_name, setup, teardown),
	};

	return cmocka_run_group_tests_name("revoke", tests, NULL, NULL);
}
