// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A provider for OpenSSL with URIs of its own, as one for a token has them:
 * "tok:key" leads to a private key once the PIN is right, "tok:cert" to a
 * certificate, "tok:both" to two keys, "tok:none" and "tok:gone" to nothing;
 * "tok:broken" it fails to open.  A PIN that it reads by pin-source and that is
 * wrong it refuses without a word, as the one for PKCS#11 does.
 */
#ifndef STORE_TOKEN_H
#define STORE_TOKEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "gikev2/gikev2_crypto.h" /* struct gikev2_chunk */

#define TOKEN_PIN "4711"

/* What it keeps: DER of PrivateKeyInfo and of a certificate. */
static struct gikev2_chunk token_key, token_cert;

struct token_session {
	int objects; /* not handed out yet */
	bool cert, gone;
	char pin[32]; /* of pin-source */
};

static void token_read_pin(struct token_session *session, const char *uri)
{
	const char *source = strstr(uri, "pin-source=file:");
	char name[256];
	FILE *file = NULL;

	if (source && sscanf(source, "pin-source=file:%255[^;&]", name) == 1)
		file = fopen(name, "r");
	if (file && !fgets(session->pin, sizeof(session->pin), file))
		session->pin[0] = '\0';
	if (file)
		fclose(file);
}

static bool token_is(const char *uri, const char *name)
{
	size_t len = strcspn(uri, "?;");

	return len == strlen(name) && strncmp(uri, name, len) == 0;
}

static void *token_open(void *provider, const char *uri)
{
	struct token_session *session = calloc(1, sizeof(*session));

	if (!session || strncmp(uri, "tok:", 4) != 0) {
		free(session);
		return NULL;
	}
	if (token_is(uri, "tok:broken")) {
		ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
		free(session);
		return NULL;
	}
	session->cert = token_is(uri, "tok:cert");
	session->gone = token_is(uri, "tok:gone");
	session->objects = token_is(uri, "tok:both")   ? 2
			   : token_is(uri, "tok:none") ? 0
						       : 1;
	token_read_pin(session, uri);
	return session;
}

static bool token_pin_right(const struct token_session *session,
			    OSSL_PASSPHRASE_CALLBACK *ask, void *arg)
{
	const OSSL_PARAM none[] = { OSSL_PARAM_END };
	char pin[32] = "";
	size_t len = 0;

	if (session->pin[0])
		return strcmp(session->pin, TOKEN_PIN) == 0;
	return ask(pin, sizeof(pin), &len, none, arg) == 1 &&
	       len == strlen(TOKEN_PIN) && memcmp(pin, TOKEN_PIN, len) == 0;
}

static int token_load(void *ctx, OSSL_CALLBACK *give, void *give_arg,
		      OSSL_PASSPHRASE_CALLBACK *ask, void *ask_arg)
{
	struct token_session *session = ctx;
	const struct gikev2_chunk *der = session->cert ? &token_cert
						       : &token_key;
	int type = session->cert ? OSSL_OBJECT_CERT : OSSL_OBJECT_PKEY;
	char structure[] = "PrivateKeyInfo";
	OSSL_PARAM object[4] = {
		OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
		OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA,
						  (void *)der->ptr, der->len),
		OSSL_PARAM_construct_utf8_string(
			OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, 0),
		OSSL_PARAM_construct_end(),
	};

	session->objects--;
	if (session->gone)
		return 0;
	if (session->cert)
		object[2] = OSSL_PARAM_construct_end();
	else if (!token_pin_right(session, ask, ask_arg))
		return 0;
	return give(object, give_arg);
}

static int token_eof(void *ctx)
{
	return ((struct token_session *)ctx)->objects <= 0;
}

static int token_close(void *ctx)
{
	free(ctx);
	return 1;
}

static const OSSL_ALGORITHM *token_operations(void *provider, int operation,
					      int *no_cache)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_STORE_OPEN, (void (*)(void))token_open },
		{ OSSL_FUNC_STORE_LOAD, (void (*)(void))token_load },
		{ OSSL_FUNC_STORE_EOF, (void (*)(void))token_eof },
		{ OSSL_FUNC_STORE_CLOSE, (void (*)(void))token_close },
		{ 0, NULL },
	};
	static const OSSL_ALGORITHM stores[] = {
		{ "tok", "provider=token", functions, NULL },
		{ NULL, NULL, NULL, NULL },
	};

	*no_cache = 0;
	return operation == OSSL_OP_STORE ? stores : NULL;
}

static int token_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		      const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION,
		  (void (*)(void))token_operations },
		{ 0, NULL },
	};

	*out = functions;
	*provider = (void *)functions;
	return 1;
}

/* As openssl.cnf would. */
static OSSL_PROVIDER *token_activate(void)
{
	if (OSSL_PROVIDER_add_builtin(NULL, "token", token_init) != 1)
		return NULL;
	return OSSL_PROVIDER_load(NULL, "token");
}

#endif /* STORE_TOKEN_H */
