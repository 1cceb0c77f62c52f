"""Rules for patient, study and clinical trial (PS3.3 sections C.7.1, C.7.2), which all series of a study share."""

from __future__ import annotations

from dicomseries.derivation.rules.rule import Section

__all__ = ["SECTIONS"]

_PATIENT = "it is the same patient, and all files of a study must say the same of it"
_STUDY = "it is the same study, and all its files must say the same of it"

SECTIONS: tuple[Section, ...] = (
    # ------------------------------------------------------------------------------------------- C.7.1.1, C.7.1.2
    Section(
        "patient",
        "keep",
        _PATIENT,
        """
        PatientName PatientID IssuerOfPatientID TypeOfPatientID IssuerOfPatientIDQualifiersSequence
        SourcePatientGroupIdentificationSequence GroupOfPatientsIdentificationSequence ReferencedPatientSequence
        PatientBirthDate PatientBirthTime PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar
        PatientAlternativeCalendar PatientSex OtherPatientIDs OtherPatientNames OtherPatientIDsSequence
        PatientBirthName PatientMotherBirthName PatientAddress PatientTelephoneNumbers PatientTelecomInformation
        PatientInsurancePlanCodeSequence InsurancePlanIdentification PatientPrimaryLanguageCodeSequence
        PatientPrimaryLanguageModifierCodeSequence PatientReligiousPreference MilitaryRank BranchOfService
        MedicalRecordLocator CountryOfResidence RegionOfResidence EthnicGroup EthnicGroupCodeSequence
        ReferencedPatientPhotoSequence ReferencedPatientAliasSequence PatientComments
        QualityControlSubject QualityControlSubjectTypeCodeSequence
        PatientSpeciesDescription PatientSpeciesCodeSequence PatientBreedDescription PatientBreedCodeSequence
        BreedRegistrationSequence BreedRegistrationNumber BreedRegistryCodeSequence ResponsiblePerson
        ResponsiblePersonRole ResponsibleOrganization StrainDescription StrainNomenclature StrainStockNumber
        StrainSourceRegistryCodeSequence StrainStockSequence StrainSource StrainAdditionalInformation
        StrainCodeSequence GeneticModificationsSequence GeneticModificationsDescription
        GeneticModificationsNomenclature GeneticModificationsCodeSequence
        """,
    ),
    Section(
        "patient",
        "keep forever",
        "what was de-identified stays so, and the result must not claim more or less (PS3.15 annex E)",
        """
        PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence
        LongitudinalTemporalInformationModified
        """,
    ),
    # ------------------------------------------------------------------------------------------------ C.7.2.1
    Section(
        "study",
        "keep",
        _STUDY,
        """
        StudyInstanceUID StudyDate StudyTime StudyID StudyIDIssuer AccessionNumber IssuerOfAccessionNumberSequence
        StudyDescription ReferringPhysicianName ReferringPhysicianIdentificationSequence ReferringPhysicianAddress
        ReferringPhysicianTelephoneNumbers ConsultingPhysicianName ConsultingPhysicianIdentificationSequence
        PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
        PhysiciansReadingStudyIdentificationSequence ProcedureCodeSequence ReferencedStudySequence
        RequestingService RequestingServiceCodeSequence ReasonForPerformedProcedureCodeSequence
        """,
    ),
    Section(
        "study",
        "keep",
        "it says of the request what was true of the whole study",
        """
        StudyStatusID StudyPriorityID StudyVerifiedDate StudyVerifiedTime StudyReadDate StudyReadTime ReasonForStudy
        StudyComments StudyArrivalDate StudyArrivalTime StudyCompletionDate StudyCompletionTime
        StudyComponentStatusID RequestingPhysician RequestingPhysicianIdentificationSequence
        RequestedProcedureDescription RequestedProcedureCodeSequence RequestedLateralityCodeSequence
        RequestedProcedureID RequestedProcedurePriority RequestedProcedureComments RequestedContrastAgent
        ReasonForTheRequestedProcedure ReasonForRequestedProcedureCodeSequence RequestAttributesSequence
        ScheduledStudyStartDate ScheduledStudyStartTime ScheduledStudyStopDate ScheduledStudyStopTime
        ScheduledStudyLocation ScheduledStudyLocationAETitle PlacerOrderNumberImagingServiceRequest
        FillerOrderNumberImagingServiceRequest OrderPlacerIdentifierSequence OrderFillerIdentifierSequence
        """,
    ),
    Section(
        "study",
        "drop",
        "archives reckon it from the files of the study, and one more has come",
        """
        ModalitiesInStudy SOPClassesInStudy AnatomicRegionsInStudyCodeSequence NumberOfStudyRelatedSeries
        NumberOfStudyRelatedInstances NumberOfSeriesRelatedInstances NumberOfPatientRelatedStudies
        NumberOfPatientRelatedSeries NumberOfPatientRelatedInstances RetrieveAETitle StationAETitle
        InstanceAvailability QueryRetrieveLevel QueryRetrieveView SeriesInStudy ImagesInSeries AcquisitionsInStudy
        OtherStudyNumbers StorageMediaFileSetID StorageMediaFileSetUID
        """,
    ),
    # ------------------------------------------------------------------------------------------------ C.7.2.2
    Section(
        "patient study",
        "keep",
        "it says how the patient was at the time of the study",
        """
        AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize PatientSizeCodeSequence
        PatientBodyMassIndex MeasuredAPDimension MeasuredLateralDimension ExaminedBodyThickness PatientWeight
        MedicalAlerts Allergies Occupation SmokingStatus AdditionalPatientHistory PregnancyStatus LastMenstrualDate
        PatientSexNeutered ReasonForVisit ReasonForVisitCodeSequence VisitStatusID AdmissionID IssuerOfAdmissionID
        IssuerOfAdmissionIDSequence RouteOfAdmissions ScheduledAdmissionDate ScheduledAdmissionTime
        ScheduledDischargeDate ScheduledDischargeTime ScheduledPatientInstitutionResidence AdmittingDate
        AdmittingTime DischargeDate DischargeTime DischargeDiagnosisDescription DischargeDiagnosisCodeSequence
        SpecialNeeds ServiceEpisodeID IssuerOfServiceEpisodeID ServiceEpisodeDescription
        IssuerOfServiceEpisodeIDSequence PertinentDocumentsSequence PertinentResourcesSequence ResourceDescription
        CurrentPatientLocation PatientInstitutionResidence PatientState PatientClinicalTrialParticipationSequence
        VisitComments
        """,
    ),
    # -------------------------------------------------------------------------------- C.7.1.3, C.7.2.3, C.7.3.2
    Section(
        "clinical trial",
        "keep",
        "subject and time point of the trial are the same",
        """
        ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName IssuerOfClinicalTrialProtocolID
        OtherClinicalTrialProtocolIDsSequence ClinicalTrialSiteID ClinicalTrialSiteName IssuerOfClinicalTrialSiteID
        ClinicalTrialSubjectID IssuerOfClinicalTrialSubjectID ClinicalTrialSubjectReadingID
        IssuerOfClinicalTrialSubjectReadingID ClinicalTrialProtocolEthicsCommitteeName
        ClinicalTrialProtocolEthicsCommitteeApprovalNumber ClinicalTrialTimePointID
        ClinicalTrialTimePointDescription LongitudinalTemporalOffsetFromEvent LongitudinalTemporalEventType
        ClinicalTrialTimePointTypeCodeSequence IssuerOfClinicalTrialTimePointID ConsentForClinicalTrialUseSequence
        ClinicalTrialCoordinatingCenterName
        """,
    ),
    Section(
        "clinical trial",
        "drop",
        "it names the source series within the trial",
        "ClinicalTrialSeriesID ClinicalTrialSeriesDescription IssuerOfClinicalTrialSeriesID",
    ),
)
"""Patient, study, patient study and clinical trial."""
