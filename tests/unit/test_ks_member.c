// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd/mrkm_ks_member.c: who may join which group, by what it proved.
 */
#include <zebra.h>

#include "memory.h"
#include "test_util.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_exclusion.h"
#include "mrkmd/mrkm_revoke.h"

DEFINE_MGROUP(MRKMD, "mrkmd");

struct mrkm mrkm;

/* What the peer that asks proved its identity with. */
static struct {
	uint8_t way;
	const char *psk, *anchor;
	bool ppk, other_ppk, excluded, proved, forgotten;
} asking;

/* What is in the group already. */
static struct {
	uint32_t count;
	bool known; /* the peer is in it */
} registered;

static unsigned int lines;

/* ------------------------------------------------------------------- the rest */

uint64_t mrkm_now(void)
{
	return 1;
}

void mrkm_log_limited(enum mrkm_limit limit, int priority, const char *format,
		      ...)
{
	lines++;
}

int mrkm_ks_group_cmp(const struct mrkm_ks_group *a,
		      const struct mrkm_ks_group *b)
{
	return strcmp(a->config.name, b->config.name);
}

uint8_t gikev2_asking_way(const struct gikev2 *engine)
{
	return asking.way;
}

bool gikev2_asking_ppk(const struct gikev2 *engine)
{
	return asking.ppk;
}

bool gikev2_asking_proved(const struct gikev2 *engine)
{
	return asking.proved;
}

bool gikev2_asking_with_ppk(const struct gikev2 *engine,
			    const struct gikev2_ppk *ppk)
{
	return asking.ppk && !asking.other_ppk;
}

bool gikev2_asking_psk(const struct gikev2 *engine,
		       const struct gikev2_secret *secret)
{
	return asking.way == GIKEV2_BY_PSK &&
	       secret->len == strlen(asking.psk) &&
	       !memcmp(secret->octets, asking.psk, secret->len);
}

uint32_t gikev2_group_member_count(const struct gikev2_group *g)
{
	return registered.count;
}

bool gikev2_group_has(struct gikev2_group *g, const struct gikev2_id *identity)
{
	return registered.known;
}

bool gikev2_group_has_certificate(struct gikev2_group *g,
				  const struct gikev2_id *identity,
				  const uint8_t *der, size_t len)
{
	return registered.known;
}

bool mrkm_revoke_leads_to(const struct gikev2_id *peer, const char *anchor)
{
	return asking.anchor && !strcmp(asking.anchor, anchor);
}

bool mrkm_revoke_keep(const struct gikev2_id *peer)
{
	assert_int_equal(asking.way, GIKEV2_BY_CERTIFICATE);
	return !asking.forgotten;
}

bool mrkm_exclusion_bars(const struct mrkm_ks_group *group,
			 const struct gikev2_id *identity)
{
	return asking.excluded;
}

const struct mrkm_trust *mrkm_auth_trust(void)
{
	static const struct mrkm_trust none;

	return &none;
}

void mrkm_auth_complete(struct gikev2_auth_policy *policy, const char *anchor)
{
}

int mrkm_auth_ppk(const struct mrkm_ppk_config *config, const char *whose,
		  struct gikev2_ppk *ppk)
{
	return 0;
}

bool mrkm_auth_problem(uint8_t own, uint8_t peer, const char *anchor, char *buf,
		       size_t size)
{
	return false;
}

bool mrkm_auth_ppk_problem(const struct mrkm_ppk_config *config, char *buf,
			   size_t size)
{
	return false;
}

/* ------------------------------------------------------------------- the group */

static char psk_file[] = "/tmp/test_ks_member.XXXXXX";
static struct mrkm_ks_group group;
static struct gikev2_id r1 = { .type = GIKEV2_ID_FQDN, .len = 2, .data = "r1" };

static int setup(void **state)
{
	int fd = mkstemp(psk_file);

	if (fd < 0 || write(fd, "own\n", 4) != 4)
		return -1;
	close(fd);
	mrkm_ks_groups_init(&mrkm.ks_groups);
	mrkm_ks_members_init(&group.members);
	return 0;
}

static int teardown(void **state)
{
	mrkm_ks_members_free(&group.members);
	unlink(psk_file);
	return 0;
}

static void admit(const struct mrkm_ks_member_config *config)
{
	struct mrkm_ks_member_config copy = *config;

	mrkm_ks_members_free(&group.members);
	if (!copy.pattern)
		copy.identity = r1;
	mrkm_ks_members_add(&group.members, mrkm_ks_member_new(&copy));
	memset(&asking, 0, sizeof(asking));
	lines = 0;
}

static void may(bool join)
{
	assert_int_equal(mrkm_ks_authorize(&group, &r1),
			 join ? 0 : -GIKEV2_ERR_OTHER_PROOF);
	assert_int_equal(lines, !join);
}

/* ----------------------------------------------------------------------- tests */

/* Under its name others may have proved something in another group. */
static void by_psk(void **state)
{
	admit(&(struct mrkm_ks_member_config){ .psk_file = psk_file });
	asking.way = GIKEV2_BY_PSK;
	asking.psk = "own";
	may(true);
	asking.psk = "shared in another group";
	may(false);
	/* it was good when it registered */
	lines = 0;
	asking.proved = true;
	may(true);
}

static void by_another_way(void **state)
{
	admit(&(struct mrkm_ks_member_config){ .psk_file = psk_file });
	asking.way = GIKEV2_BY_CERTIFICATE;
	may(false);
	admit(&(struct mrkm_ks_member_config){ .certificate = true });
	asking.way = GIKEV2_BY_PSK;
	asking.psk = "own";
	may(false);
}

static void key_is_gone(void **state)
{
	admit(&(struct mrkm_ks_member_config){ .psk_file = "/nonexistent" });
	asking.way = GIKEV2_BY_PSK;
	asking.psk = "own";
	may(false);
}

static void by_certificate(void **state)
{
	admit(&(struct mrkm_ks_member_config){ .certificate = true });
	asking.way = GIKEV2_BY_CERTIFICATE;
	may(true);
	admit(&(struct mrkm_ks_member_config){ .certificate = true,
					       .trust_anchor = "LAB" });
	asking.way = GIKEV2_BY_CERTIFICATE;
	asking.anchor = "LAB";
	may(true);
	asking.anchor = "OTHER";
	may(false);
}

/* Nobody would see it revoked: it has to show it anew. */
static void certificate_forgotten(void **state)
{
	admit(&(struct mrkm_ks_member_config){ .certificate = true });
	asking.way = GIKEV2_BY_CERTIFICATE;
	asking.forgotten = true;
	assert_int_equal(mrkm_ks_authorize(&group, &r1),
			 -GIKEV2_ERR_OTHER_PROOF);
	asking.forgotten = false;
	assert_int_equal(mrkm_ks_authorize(&group, &r1), 0);
}

static void without_ppk(void **state)
{
	struct mrkm_ppk_config ppk = { .id = "lab", .required = true };

	admit(&(struct mrkm_ks_member_config){
		.certificate = true, .ppk_count = 1, .ppks = { ppk } });
	asking.way = GIKEV2_BY_CERTIFICATE;
	may(false);
	lines = 0;
	asking.ppk = true;
	may(true);
	asking.other_ppk = true;
	may(false);
}

/* Of these two nothing is said here: it is an event. */
static void strangers(void **state)
{
	struct gikev2_id r2 = { .type = GIKEV2_ID_FQDN,
				.len = 2,
				.data = "r2" };

	admit(&(struct mrkm_ks_member_config){ .certificate = true });
	asking.way = GIKEV2_BY_CERTIFICATE;
	assert_int_equal(mrkm_ks_authorize(&group, &r2),
			 -GIKEV2_ERR_NOT_AUTHORIZED);
	assert_int_equal(mrkm_ks_authorize(NULL, &r1),
			 -GIKEV2_ERR_NOT_AUTHORIZED);
	asking.excluded = true;
	assert_int_equal(mrkm_ks_authorize(&group, &r1),
			 -GIKEV2_ERR_NOT_AUTHORIZED);
	assert_int_equal(lines, 0);
}

static int admitted_to_full(uint32_t limit, uint32_t count, bool known)
{
	const struct mrkm_ks_member *first =
		mrkm_ks_members_first(&group.members);
	const struct gikev2_id peer = { .type = GIKEV2_ID_FQDN,
					.len = 4,
					.data = "a.r1" };
	int ret;

	group.config.member_limit = limit;
	registered.count = count;
	registered.known = known;
	/* only whether there is one is looked at */
	group.group = (struct gikev2_group *)&group;
	ret = mrkm_ks_authorize(&group, first->pattern ? &peer : &r1);
	group.group = NULL;
	group.config.member_limit = 0;
	return ret;
}

static void limits(void **state)
{
	admit(&(struct mrkm_ks_member_config){ .psk_file = psk_file });
	asking.way = GIKEV2_BY_PSK;
	asking.psk = "own";
	assert_int_equal(admitted_to_full(7, 6, false), 0);
	assert_int_equal(admitted_to_full(7, 7, false),
			 -GIKEV2_ERR_MEMBER_LIMIT);
	assert_int_equal(admitted_to_full(7, 7, true), 0);
	assert_int_equal(admitted_to_full(0, 1000000, false), 0);
	assert_int_equal(mrkm_ks_default_limit(&group), 0);
}

/* Whoever has the key of a pattern may come under any number of names. */
static void limit_of_patterns(void **state)
{
	static const struct mrkm_ks_member_config by_psk = {
		.identity = { .type = GIKEV2_ID_FQDN, .len = 4, .data = "*.r1" },
		.pattern = true,
		.psk_file = psk_file,
	};
	struct mrkm_ks_member_config by_certificate = by_psk;

	by_certificate.psk_file = NULL;
	by_certificate.certificate = true;
	admit(&by_certificate);
	assert_int_equal(mrkm_ks_default_limit(&group), 0);
	asking.way = GIKEV2_BY_CERTIFICATE;
	assert_int_equal(admitted_to_full(0, 1000000, false), 0);
	admit(&by_psk);
	assert_int_equal(mrkm_ks_default_limit(&group), 1000);
	asking.way = GIKEV2_BY_PSK;
	asking.psk = "own";
	assert_int_equal(admitted_to_full(0, 999, false), 0);
	assert_int_equal(admitted_to_full(0, 1000, false),
			 -GIKEV2_ERR_MEMBER_LIMIT);
	assert_int_equal(admitted_to_full(0, 1000, true), 0);
	assert_int_equal(admitted_to_full(5000, 1000, false), 0);
	group.config.member_limit = 5000;
	assert_int_equal(mrkm_ks_default_limit(&group), 0);
	group.config.member_limit = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_psk),
		cmocka_unit_test(by_another_way),
		cmocka_unit_test(key_is_gone),
		cmocka_unit_test(by_certificate),
		cmocka_unit_test(certificate_forgotten),
		cmocka_unit_test(without_ppk),
		cmocka_unit_test(strangers),
		cmocka_unit_test(limits),
		cmocka_unit_test(limit_of_patterns),
	};

	return cmocka_run_group_tests_name("ks_member", tests, setup, teardown);
}
