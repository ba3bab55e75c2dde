// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IKE SAs without KWA, as peers make them that know IKEv2 only: they live as
 * any other, and no group comes over them.
 */
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

static const uint16_t kwas[] = { GIKEV2_KW_5649_128, GIKEV2_KW_5649_192,
				 GIKEV2_KW_5649_256 };

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
};

static void take_kwas_away(struct world_node *node)
{
	struct gikev2_params params = node->world->params;

	for (size_t i = 0; i < 3; i++)
		params.suite_disabled |=
			gikev2_suite_bit(GIKEV2_XF_KWA, kwas[i], 0);
	gikev2_set_params(node->engine, &params);
}

/* The member offers no KWA; it uses IKE_AUTH or GSA_AUTH. */
static struct scene setup(bool plain_ike, bool ike_auth)
{
	struct scene s = { .world = world_new(3) };

	s.world->params.plain_ike = plain_ike;
	s.ks = world_add(s.world, "ks");
	s.r1 = world_add(s.world, "r1");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	take_kwas_away(s.r1);
	s.r1->member_config.ike_auth = ike_auth;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, SECOND);
	return s;
}

/* It is not asked for: who knows G-IKEv2 has a KWA. */
static void not_by_default(void **state)
{
	struct scene s = setup(false, true);

	(void)state;
	/* there is nothing to offer, so nothing is said */
	assert_int_equal(s.r1->engine->totals.datagrams_out, 0);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_WAIT);
	world_free(s.world);
}

static void established(void **state)
{
	struct scene s = setup(true, true);
	struct gikev2_ike *ike = s.r1->engine->ikes;

	(void)state;
	assert_int_equal(ike->state, GIKEV2_IKE_ESTABLISHED);
	assert_null(ike->suite.kwa);
	assert_int_equal(s.ks->engine->ikes->state, GIKEV2_IKE_ESTABLISHED);
	/* and nothing is asked for over it */
	assert_null(ike->request.ptr);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_RECEIVE);
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_REGISTERED], 0);
	assert_int_equal(s.r1->row_count, 0);
	world_free(s.world);
}

static void rekey_by(bool server, bool member)
{
	struct scene s = setup(true, true);
	uint8_t spi_i[GIKEV2_SPI_LEN];

	memcpy(spi_i, s.r1->engine->ikes->spi_i, sizeof(spi_i));
	if (server)
		gikev2_want(s.ks->engine->ikes, GIKEV2_WANT_REKEY_IKE,
			    s.world->now);
	if (member)
		gikev2_want(s.r1->engine->ikes, GIKEV2_WANT_REKEY_IKE,
			    s.world->now);
	world_run(s.world, SECOND);
	assert_int_equal(s.r1->engine->totals.ike_sas, 1);
	assert_int_equal(s.ks->engine->totals.ike_sas, 1);
	assert_memory_not_equal(s.r1->engine->ikes->spi_i, spi_i,
				sizeof(spi_i));
	assert_memory_equal(s.r1->engine->ikes->spi_i,
			    s.ks->engine->ikes->spi_i, sizeof(spi_i));
	assert_null(s.r1->engine->ikes->suite.kwa);
	assert_ptr_equal(gikev2_ike_member(s.r1->engine->ikes), s.r1->member);
	world_free(s.world);
}

/* From either end, though at the server nothing is to be handed over. */
static void rekeyed(void **state)
{
	(void)state;
	rekey_by(false, true);
	rekey_by(true, false);
	rekey_by(true, true);
}

/* There is no key to wrap the group's keys with. */
static void no_registration_over_it(void **state)
{
	struct scene s = setup(true, true);

	(void)state;
	gikev2_tie_register(s.r1->engine->ikes, s.r1->engine->ikes->ties,
			    s.world->now);
	world_run(s.world, SECOND);
	assert_int_equal(s.ks->event_err[GIKEV2_EVENT_MEMBER_REFUSED],
			 -GIKEV2_ERR_NO_PROPOSAL);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_NO_PROPOSAL);
	assert_int_equal(s.r1->row_count, 0);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

static void not_for_gsa_auth(void **state)
{
	struct scene s = setup(true, false);

	(void)state;
	assert_int_equal(world_state(s.r1), GIKEV2_GM_WAIT);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_NO_PROPOSAL);
	assert_int_equal(s.r1->engine->totals.ike_sas, 0);
	world_free(s.world);
}

/* Where both have a KWA, nothing changes. */
static void kwa_first(void **state)
{
	struct world *world = world_new(4);
	struct world_node *ks, *r1;

	(void)state;
	world->params.plain_ike = true;
	ks = world_add(world, "ks");
	r1 = world_add(world, "r1");
	world_acquaint(ks, r1, "secret", "secret");
	world_serve(ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(r1, ks, WORLD_ALL_ALGORITHMS);
	world_run(world, SECOND);
	assert_int_equal(world_state(r1), GIKEV2_GM_KEY_TABLE);
	assert_non_null(r1->engine->ikes->suite.kwa);
	/* and no rekey takes the KWA away, whoever asks for it */
	take_kwas_away(r1);
	gikev2_want(r1->engine->ikes, GIKEV2_WANT_REKEY_IKE, world->now);
	world_run(world, SECOND);
	assert_int_equal(r1->engine->totals.ike_sas, 1);
	assert_non_null(r1->engine->ikes->suite.kwa);
	assert_int_equal(gikev2_counters(ks->engine)[GIKEV2_ERR_NO_PROPOSAL],
			 1);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_by_default),
		cmocka_unit_test(established),
		cmocka_unit_test(rekeyed),
		cmocka_unit_test(no_registration_over_it),
		cmocka_unit_test(not_for_gsa_auth),
		cmocka_unit_test(kwa_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
