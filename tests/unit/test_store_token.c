// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * URIs that are for a provider: PINs, and what is said of a token.
 */
#include "test_store_util.h"

static void token_keys(void **state)
{
	assert_int_equal(load_with("tok:key", TOKEN_PIN), 0);
	assert_int_equal(load_with("tok:key", "0815"),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	assert_non_null(strstr(problem, "private key tok:key is not there, or "
					"the PIN given is wrong"));
	assert_int_equal(load("tok:key"), -GIKEV2_ERR_NO_CREDENTIAL);
	assert_non_null(strstr(problem, "nobody can be asked"));
	assert_int_equal(load_with("tok:both", TOKEN_PIN), 0);
	assert_int_equal(load_with("tok:none", TOKEN_PIN),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	assert_non_null(strstr(problem, "is none"));
}

static void put_pin(const char *pin, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_mem());

	BIO_puts(bio, pin);
	put_bio(bio, mode);
}

/* What it says begins with what could not be used. */
static void expect_refused(const char *uri, const char *begin, const char *with)
{
	assert_int_equal(load(uri), -GIKEV2_ERR_NO_CREDENTIAL);
	if (strncmp(problem, begin, strlen(begin)) != 0 ||
	    !strstr(problem, with))
		fail_msg("not \"%s ... %s\": %s", begin, with, problem);
}

static void token_pin_file(void **state)
{
	char uri[128], pin[128];

	snprintf(uri, sizeof(uri), "tok:key?pin-source=file:%s", path);
	snprintf(pin, sizeof(pin), "PIN file:%s", path);
	unlink(path);
	expect_refused(uri, pin, "is missing");
	put_pin(TOKEN_PIN, 0644);
	expect_refused(uri, pin, "chmod 600");
	put_pin(TOKEN_PIN, 0600);
	assert_int_equal(truncate(path, 0), 0);
	expect_refused(uri, pin, "is empty");
	put_pin("0815", 0600);
	expect_refused(uri, "private key tok:key", "refuses the PIN");
	assert_null(strstr(problem, "0815"));
	put_pin(TOKEN_PIN, 0600);
	assert_int_equal(load(uri), 0);
	/* other forms of it */
	snprintf(uri, sizeof(uri), "tok:key;pin-source=file:%s;type=private",
		 path);
	assert_int_equal(load(uri), 0);
	put_pin("0815", 0600);
	expect_refused(uri, "private key tok:key", "refuses the PIN");
	/* a provider may know what else is there */
	expect_refused("tok:key?pin-source=/no%20such", "private key tok:key",
		       "refuses the PIN");
	expect_refused("tok:key?pin-source=|cat", "private key tok:key",
		       "refuses the PIN");
}

static void token_troubles(void **state)
{
	char uri[128];

	expect_refused("tok:key", "private key tok:key needs a PIN",
		       "pin-source");
	put_pin(TOKEN_PIN, 0600);
	snprintf(uri, sizeof(uri), "tok:gone?pin-source=file:%s", path);
	expect_refused(uri, "private key tok:gone", "is not there: check");
	expect_refused("tok:gone", "private key tok:gone",
		       "is not there: check");
	expect_refused("tok:broken", "private key tok:broken",
		       "its provider does not work");
}

static void token_credential(void **state)
{
	struct gikev2_credential *credential;
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];

	assert_int_equal(gikev2_store_credential("tok:key", "tok:cert",
						 give_text, (char *)TOKEN_PIN,
						 &credential, problem,
						 sizeof(problem)),
			 0);
	assert_int_equal(gikev2_credential_certs(credential, certs), 1);
	assert_memory_equal(certs[0].ptr, router->der.ptr, certs[0].len);
	gikev2_credential_free(credential);
}

/* Whatever asks by OpenSSL's own means gets no answer, and waits for none. */
static void no_terminal(void **state)
{
	char answer[16] = "";
	UI *ui;

	assert_int_equal(load("tok:key"), -GIKEV2_ERR_NO_CREDENTIAL);
	ui = UI_new();
	assert_non_null(ui);
	assert_true(UI_add_input_string(ui, "PIN?", 0, answer, 1, 15) > 0);
	assert_true(UI_process(ui) < 0);
	assert_string_equal(answer, "");
	assert_int_equal(terminal_asked, 0);
	UI_free(ui);
}

/* Nothing of OpenSSL's knows such URIs; and a PIN is not told on. */
static void unknown_uris(void **state)
{
	static const char *const uris[] = {
		"pkcs99:token=x;pin-value=1234",
		"nothing://there/at/all?PIN-VALUE=1234",
		"nothing:",
		":",
		"a:b",
	};
	char longest[1000];

	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		assert_int_equal(load(uris[i]), -GIKEV2_ERR_NO_CREDENTIAL);
		assert_non_null(strstr(problem, "a provider that OpenSSL"));
		assert_non_null(strstr(problem, "openssl.cnf"));
		assert_null(strstr(problem, "1234"));
	}
	memset(longest, 'y', sizeof(longest));
	memcpy(longest, "x:", 2);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(load(longest), -GIKEV2_ERR_NO_CREDENTIAL);
	assert_true(strnlen(problem, sizeof(problem)) < sizeof(problem));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(token_keys),     TEST(token_pin_file),
		TEST(token_troubles), TEST(token_credential),
		TEST(no_terminal),    TEST(unknown_uris),
	};

	return cmocka_run_group_tests_name("store_token", tests, group_setup,
					   group_teardown);
}
