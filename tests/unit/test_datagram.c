// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_datagram.c: what a header says, whole, cut short, and behind a
 * marker.
 */
#include "gikev2/gikev2_datagram.h"
#include "test_util.h"

#define SPI_I "0102030405060708"
#define SPI_R "1112131415161718"
#define NONE "0000000000000000"
#define MARKER "00000000"

#define MALFORMED GIKEV2_DATAGRAM_MALFORMED
#define FIRST GIKEV2_DATAGRAM_FIRST
#define OTHER GIKEV2_DATAGRAM_OTHER

/* Next payload, version, exchange, flags, Message ID, length; then the rest. */
static const struct {
	const char *what, *hex;
	enum gikev2_datagram_kind kind;
	uint8_t exchange;
	bool initiator, response;
} cases[] = {
	{ "a stranger's first message", SPI_I NONE "21202208 00000000 0000001c",
	  FIRST, 34, true, false },
	{ "with something behind the header",
	  SPI_I NONE "21202208 00000000 0000001e ffff", FIRST, 34, true,
	  false },
	{ "of a version to come", SPI_I NONE "21302208 00000000 0000001c",
	  FIRST, 34, true, false },
	{ "its answer", SPI_I SPI_R "21202220 00000000 0000001c", OTHER, 34,
	  false, true },
	{ "an answer that refuses", SPI_I NONE "21202220 00000000 0000001c",
	  OTHER, 34, false, true },
	{ "a request of no initiator", SPI_I NONE "21202200 00000000 0000001c",
	  OTHER, 34, false, false },
	{ "with the responder's SPI", SPI_I SPI_R "21202208 00000000 0000001c",
	  OTHER, 34, true, false },
	{ "with one octet of it",
	  SPI_I "0000000000000001"
		"21202208 00000000 0000001c",
	  OTHER, 34, true, false },
	{ "another exchange", SPI_I NONE "2e202308 00000001 0000001c", OTHER,
	  35, true, false },
	{ "GSA_INBAND_REKEY", SPI_I SPI_R "2e202a00 00000000 0000001c", OTHER,
	  42, false, false },
	{ "its answer", SPI_I SPI_R "2e202a28 00000000 0000001c", OTHER, 42,
	  true, true },
	{ "GSA_REKEY", SPI_I SPI_R "2e202908 00000000 0000001c", OTHER, 41,
	  true, false },
	{ "longer than it says", SPI_I NONE "21202208 00000000 0000001c 00",
	  MALFORMED, 0, false, false },
	{ "shorter than it says", SPI_I NONE "21202208 00000000 0000001d",
	  MALFORMED, 0, false, false },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void assert_is(size_t i, bool natt, const struct test_octets *octets)
{
	struct gikev2_datagram datagram =
		gikev2_datagram_look(natt, octets->octets, octets->len);
	const uint8_t *header = octets->octets + (natt ? GIKEV2_MARKER_LEN : 0);
	static const uint8_t zero[GIKEV2_SPI_LEN];
	bool read = cases[i].kind != MALFORMED;

	if (datagram.kind != cases[i].kind ||
	    datagram.exchange != cases[i].exchange ||
	    datagram.initiator != cases[i].initiator ||
	    datagram.response != cases[i].response)
		fail_msg("%s: kind %d, exchange %u", cases[i].what,
			 datagram.kind, datagram.exchange);
	assert_memory_equal(datagram.spi_i, read ? header : zero,
			    GIKEV2_SPI_LEN);
	assert_memory_equal(datagram.spi_r,
			    read ? header + GIKEV2_SPI_R_OFFSET : zero,
			    GIKEV2_SPI_LEN);
}

static void all_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct test_octets octets = test_hex(cases[i].hex);

		assert_is(i, false, &octets);
	}
}

static void behind_a_marker(void **state)
{
	char hex[256];

	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct test_octets octets;

		snprintf(hex, sizeof(hex), MARKER "%s", cases[i].hex);
		octets = test_hex(hex);
		assert_is(i, true, &octets);
	}
}

/* Each in octets of its own, so that a sanitizer sees what is behind them. */
static void cut_short(void **state)
{
	struct test_octets whole =
		test_hex(MARKER SPI_I NONE "21202208 00000000 0000001c");

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		uint8_t *octets = test_malloc(len ? len : 1);

		memcpy(octets, whole.octets, len);
		assert_int_equal(gikev2_datagram_look(true, octets, len).kind,
				 MALFORMED);
		assert_int_equal(gikev2_datagram_look(false, octets, len).kind,
				 MALFORMED);
		test_free(octets);
	}
}

/* ESP in UDP begins with its SPI, a keepalive is one octet (RFC 3948). */
static void nat_traversal(void **state)
{
	struct test_octets esp =
		test_hex("00000100" SPI_I NONE "21202208 00000000 0000001c");
	static const uint8_t keepalive = 0xff, other = 0xfe;

	(void)state;
	assert_int_equal(gikev2_datagram_look(true, esp.octets, esp.len).kind,
			 MALFORMED);
	assert_int_equal(gikev2_datagram_look(true, &keepalive, 1).kind,
			 GIKEV2_DATAGRAM_KEEPALIVE);
	assert_int_equal(gikev2_datagram_look(false, &keepalive, 1).kind,
			 MALFORMED);
	assert_int_equal(gikev2_datagram_look(true, &other, 1).kind, MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_cases),
		cmocka_unit_test(behind_a_marker),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(nat_traversal),
	};

	return cmocka_run_group_tests_name("datagram", tests, NULL, NULL);
}
