// Walks the journey of an applicant with the Go client that OpenAPI Generator generates.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	verinym "verinym"
)

func must(err error) {
	if err != nil {
		if answer, ok := err.(*verinym.GenericOpenAPIError); ok {
			panic(fmt.Sprintf("%v: %s", err, answer.Body()))
		}
		panic(err)
	}
}

func tag() string {
	bytes := make([]byte, 8)
	_, err := rand.Read(bytes)
	must(err)
	return hex.EncodeToString(bytes)
}

func main() {
	settings := verinym.NewConfiguration()
	settings.Servers = verinym.ServerConfigurations{{URL: os.Getenv("API_URL")}}
	api := verinym.NewAPIClient(settings)

	login := verinym.NewLogin(os.Getenv("PASSWORD"))
	login.SetEmail(os.Getenv("EMAIL"))
	answer, _, err := api.AuthAPI.AuthLogin(context.Background()).Login(*login).Execute()
	must(err)
	// An account with a second factor gets a challenge instead.
	tokens := answer.TokenSet
	signedIn := context.WithValue(context.Background(), verinym.ContextAccessToken, tokens.GetAccessToken())

	_, response, err := api.AccountAPI.AccountGetProfile(signedIn).Execute()
	must(err)
	version := response.Header.Get("ETag")
	patch := verinym.NewProfilePatch()
	patch.SetLocale("de-CH")
	rename := func() (*verinym.User, error) {
		user, _, err := api.AccountAPI.AccountUpdateProfile(signedIn).IfMatch(version).ProfilePatch(*patch).Execute()
		return user, err
	}
	user, err := rename()
	must(err)
	if user.GetLocale() != "de-CH" {
		panic("the locale was not changed")
	}
	_, err = rename()
	refusal, isProblem := err.(*verinym.GenericOpenAPIError)
	if !isProblem {
		panic("a stale version was accepted")
	}
	if problem, ok := refusal.Model().(verinym.Problem); !ok || problem.GetCode() != "stale_version" {
		panic(string(refusal.Body()))
	}

	var documents []string
	for count := 0; count < 2; count++ {
		file, err := os.Open(os.Getenv("PASSPORT"))
		must(err)
		document, _, err := api.KycAPI.KycUploadDocument(signedIn).DocumentType(verinym.DOCUMENT_TYPE_PASSPORT).
			DocumentNumber("OK-" + tag()).File(file).IdempotencyKey(tag()).Execute()
		must(err)
		documents = append([]string{document.GetId()}, documents...)
	}

	var listed []string
	for cursor, more := "", true; more; {
		request := api.KycAPI.KycListDocuments(signedIn).Limit(1)
		if cursor != "" {
			request = request.Cursor(cursor)
		}
		page, _, err := request.Execute()
		must(err)
		for _, document := range page.GetItems() {
			listed = append(listed, document.GetId())
		}
		cursor = page.GetNextCursor()
		more = cursor != ""
	}
	if fmt.Sprint(listed) != fmt.Sprint(documents) {
		panic(fmt.Sprint(listed, documents))
	}

	form := verinym.NewCreateCheck()
	form.SetDocumentIds(documents)
	check, _, err := api.KycAPI.KycCreateCheck(signedIn).CreateCheck(*form).IdempotencyKey(tag()).Execute()
	must(err)
	for check.GetStatus() == verinym.PUBLIC_STATUS_PROCESSING {
		time.Sleep(500 * time.Millisecond)
		check, _, err = api.KycAPI.KycGetCheck(signedIn, check.GetId()).Execute()
		must(err)
	}
	if check.GetStatus() != verinym.PUBLIC_STATUS_APPROVED || len(check.GetReasons()) != 0 {
		panic(fmt.Sprint(check))
	}
	fmt.Println(check.GetStatus())
}
