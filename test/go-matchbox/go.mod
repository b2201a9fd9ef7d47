module pilotlight.example/go-matchbox

go 1.25
