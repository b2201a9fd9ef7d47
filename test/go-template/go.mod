module pilotlight.example/go-template

go 1.25
