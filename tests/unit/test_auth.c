// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authentication by the published vectors: a half-open SA whose keys and first
 * messages are theirs is shown the GSA_AUTH request as it is, and as it should
 * not be.
 */
#include "test_bare.h"
#include "vectors.h"

#define RFC9838(name) vector("rfc9838.txt", name)

struct half_open {
	struct bare *bare;
	struct gikev2_ike *gcks; /* the engine's */
	struct gikev2_ike *gm;	 /* what the other side would have */
};

static struct gikev2_id identity(const char *name)
{
	struct test_octets body = RFC9838(name);
	struct gikev2_id id = { .type = body.octets[0], .len = body.len - 4 };

	memcpy(id.data, body.octets + 4, id.len);
	return id;
}

static void set(struct gikev2_octets *octets, const char *name)
{
	struct test_octets value = RFC9838(name);

	assert_int_equal(gikev2_octets_set(octets, value.octets, value.len), 0);
}

static void copy(uint8_t *to, const char *name)
{
	struct test_octets value = RFC9838(name);

	memcpy(to, value.octets, value.len);
}

static struct gikev2_ike *make_end(struct bare *bare, bool initiator)
{
	struct test_octets spi_i = RFC9838("spi-i"), spi_r = RFC9838("spi-r");
	struct gikev2_ike *ike = bare_ike(bare, initiator, &spi_i, &spi_r);

	copy(ike->sk_d, "sk-d");
	copy(ike->sk_ei, "sk-ei");
	copy(ike->sk_er, "sk-er");
	copy(ike->setup->sk_pi, "sk-pi");
	copy(ike->setup->sk_pr, "sk-pr");
	set(&ike->setup->ni, "nonce-i");
	set(&ike->setup->nr, "nonce-r");
	set(&ike->setup->init_request, "ike-sa-init-request");
	set(&ike->setup->init_response, "ike-sa-init-response");
	ike->setup->keyed = true;
	ike->recv_id = 1;
	return ike;
}

static struct half_open half_open(void)
{
	struct half_open h = { .bare = bare_new() };
	struct gikev2_id id = identity("id-r");

	h.bare->psk = RFC9838("psk");
	gikev2_set_identity(h.bare->engine, &id);
	h.gcks = make_end(h.bare, false);
	h.gm = make_end(h.bare, true);
	return h;
}

static int input(struct half_open *h, const struct test_octets *message)
{
	struct gikev2_path path = h->gcks->path;

	return gikev2_input(h->bare->engine, &path, message->octets,
			    message->len, GIKEV2_SECOND);
}

/* What the engine answered, opened. */
static struct gikev2_payloads *answer(struct half_open *h)
{
	assert_int_equal(h->bare->datagrams, 1);
	assert_int_equal(
		gikev2_sk_open(h->gm, bare_rx(h->bare, &h->bare->sent)), 0);
	return &h->bare->engine->scratch->rx_payloads;
}

/* The request with other inner octets. */
static struct test_octets request_of(const struct half_open *h,
				     const struct test_octets *inner)
{
	struct test_octets text = *inner;

	text.octets[text.len++] = 0; /* pad length */
	return bare_seal(h->gm, GIKEV2_GSA_AUTH, 1, GIKEV2_PLD_IDI, &text);
}

static uint64_t counted(const struct half_open *h, enum gikev2_err err)
{
	return gikev2_counters(h->bare->engine)[err];
}

/*
 * There is no such group here; but who asks is who he says, and so is who
 * answers, to the octet of the vector.
 */
static void request_vector(void **state)
{
	struct half_open h = half_open();
	struct test_octets message = RFC9838("gsa-auth-request");
	struct test_octets id = RFC9838("id-r"), auth = RFC9838("auth-r");
	struct gikev2_payloads *payloads;
	const struct gikev2_payload *payload;

	(void)state;
	input(&h, &message);
	assert_int_equal(counted(&h, GIKEV2_ERR_AUTH_FAILED), 0);
	assert_int_equal(counted(&h, GIKEV2_ERR_INVALID_GROUP), 1);
	payloads = answer(&h);
	payload = gikev2_payload_find(payloads, GIKEV2_PLD_IDR);
	assert_non_null(payload);
	assert_int_equal(payload->body.len, id.len);
	assert_memory_equal(payload->body.ptr, id.octets, id.len);
	payload = gikev2_payload_find(payloads, GIKEV2_PLD_AUTH);
	assert_non_null(payload);
	assert_int_equal(payload->auth.method, GIKEV2_AUTH_PSK);
	assert_int_equal(payload->auth.data.len, auth.len);
	assert_memory_equal(payload->auth.data.ptr, auth.octets, auth.len);
	assert_int_equal(gikev2_notify_error(payloads)->type,
			 GIKEV2_N_INVALID_GROUP_ID);
	bare_free(h.bare);
}

/* Answered by AUTHENTICATION_FAILED alone, and the SA is gone. */
static void assert_refused(struct half_open *h, const struct test_octets *inner,
			   enum gikev2_err err)
{
	struct test_octets message = request_of(h, inner);
	struct gikev2_payloads *payloads;

	assert_int_equal(input(h, &message), -(int)err);
	payloads = answer(h);
	assert_int_equal(payloads->count, 1);
	assert_int_equal(gikev2_notify_error(payloads)->type,
			 GIKEV2_N_AUTHENTICATION_FAILED);
	/* the other side's is all that is left */
	assert_int_equal(h->bare->engine->totals.ike_sas, 1);
	bare_free(h->bare);
}

static void assert_failed(struct half_open *h, const struct test_octets *inner)
{
	assert_refused(h, inner, GIKEV2_ERR_AUTH_FAILED);
}

/* In the vector: IDi of 19 octets, then AUTH, its data from octet 27 on. */
#define AUTH_AT 19
#define METHOD_AT (AUTH_AT + 4)
#define DATA_AT (AUTH_AT + 8)
#define DATA_LEN 32

static void one_bit_of_auth(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < DATA_LEN * 8; bit++) {
		struct half_open h = half_open();
		struct test_octets inner = RFC9838("gsa-auth-request-inner");

		inner.octets[DATA_AT + bit / 8] ^= 1 << bit % 8;
		assert_failed(&h, &inner);
	}
}

/* Any other identity than the one that was authenticated. */
static void one_bit_of_identity(void **state)
{
	(void)state;
	for (size_t at = 4; at < AUTH_AT; at++) {
		struct half_open h = half_open();
		struct test_octets inner = RFC9838("gsa-auth-request-inner");

		/* the reserved octets are under AUTH, as they came */
		inner.octets[at] ^= 1;
		assert_failed(&h, &inner);
	}
}

static void another_method(void **state)
{
	static const uint8_t methods[] = { 0, 1, 3, 9, 14, 255 };

	(void)state;
	for (size_t i = 0; i < sizeof(methods); i++) {
		struct half_open h = half_open();
		struct test_octets inner = RFC9838("gsa-auth-request-inner");

		inner.octets[METHOD_AT] = methods[i];
		assert_refused(&h, &inner, GIKEV2_ERR_AUTH_METHOD);
	}
}

/* AUTH of every length but the right one. */
static void another_length(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 2 * DATA_LEN; len++) {
		struct half_open h = half_open();
		struct test_octets from = RFC9838("gsa-auth-request-inner");
		struct test_octets inner = { .len = DATA_AT + len };
		struct test_octets rest = { .len = from.len - DATA_AT -
						   DATA_LEN };

		if (len == DATA_LEN) {
			bare_free(h.bare);
			continue;
		}
		memcpy(inner.octets, from.octets, DATA_AT + DATA_LEN);
		gikev2_put_int(inner.octets + AUTH_AT + 2, 8 + len, 2);
		memcpy(rest.octets, from.octets + DATA_AT + DATA_LEN, rest.len);
		inner = test_join(inner, &rest);
		assert_failed(&h, &inner);
	}
}

static void another_secret(void **state)
{
	struct half_open h = half_open();
	struct test_octets inner = RFC9838("gsa-auth-request-inner");

	(void)state;
	h.bare->psk.octets[0] ^= 1;
	assert_failed(&h, &inner);
}

/* An empty secret is none. */
static void no_secret(void **state)
{
	struct half_open h = half_open();
	struct test_octets message = RFC9838("gsa-auth-request");

	(void)state;
	h.bare->psk.len = 0;
	assert_int_equal(input(&h, &message), -GIKEV2_ERR_NO_CREDENTIAL);
	assert_int_equal(gikev2_notify_error(answer(&h))->type,
			 GIKEV2_N_AUTHENTICATION_FAILED);
	bare_free(h.bare);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_vector),
		cmocka_unit_test(one_bit_of_auth),
		cmocka_unit_test(one_bit_of_identity),
		cmocka_unit_test(another_method),
		cmocka_unit_test(another_length),
		cmocka_unit_test(another_secret),
		cmocka_unit_test(no_secret),
	};

	return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
